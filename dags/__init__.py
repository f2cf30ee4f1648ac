"""Wiring only: Airflow's DAGs from the catalogue; no logic, no heavy import."""
