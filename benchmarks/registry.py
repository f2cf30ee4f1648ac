"""Benchmarks by name; each takes a Setting and returns its figures."""

from benchmarks.extract import bench_extract
from benchmarks.inspect import bench_inspect
from benchmarks.integrate import bench_integrate
from benchmarks.match import bench_match
from benchmarks.parse import bench_parse
from benchmarks.way import bench_way

BENCHMARKS = {
    "extract": bench_extract,
    "way": bench_way,
    "parse": bench_parse,
    "inspect": bench_inspect,
    "integrate": bench_integrate,
    "match": bench_match,
}
