"""A source is read inside its window only."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from pipelines.extract import require_window
from pipelines.run import sync
from pipelines.workspace import Ask
from schemas.application import FilesApplication
from schemas.errors import GateError
from tests.pipelines.residents import APP, FEED, ORANG, resident
from tests.workspaces import MakeWorkspace, application, write_csv

CITY = dt.timezone(dt.timedelta(hours=7))


def with_window(window: str) -> FilesApplication:
    made = application("warga", "files", orang=ORANG) | {"id": APP}
    made["source"] = {**made["source"], "window": window}
    return FilesApplication.model_validate(made)


@pytest.mark.parametrize(("hour", "minute"), [(20, 0), (0, 30), (4, 59)])
def test_inside_the_window_nothing_is_said(hour: int, minute: int) -> None:
    require_window(with_window("20:00-05:00"), dt.datetime(2026, 3, 1, hour, minute, tzinfo=CITY))


@pytest.mark.parametrize(("hour", "minute"), [(5, 0), (12, 0), (19, 59)])
def test_outside_it_the_source_is_left_alone_and_the_way_out_is_told(hour: int, minute: int) -> None:
    moment = dt.datetime(2026, 3, 1, hour, minute, tzinfo=CITY).astimezone(dt.UTC)  # the window is the city's time
    with pytest.raises(GateError, match="from 20:00 to 05:00 only") as caught:
        require_window(with_window("20:00-05:00"), moment)
    assert f"{hour:02}:{minute:02}" in str(caught.value)
    assert "--outside-window" in str(caught.value)


def test_a_person_may_read_outside_the_window(make_workspace: MakeWorkspace) -> None:
    now = dt.datetime.now(CITY)
    content = application("warga", "files", orang=ORANG)
    content["source"]["window"] = f"{now + dt.timedelta(hours=6):%H:%M}-{now + dt.timedelta(hours=12):%H:%M}"
    folder = make_workspace.folder / "drop"
    write_csv(folder / "orang_2026.csv", [resident(1)])
    workspace = make_workspace({APP: content}, {"warga": f"fs://{folder}"})
    with pytest.raises(GateError, match="may be read from"):
        sync(workspace, FEED, "r1")
    assert sync(replace(workspace, ask=Ask(outside_window=True)), FEED, "r2").inserted == 1
