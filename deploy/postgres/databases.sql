-- The image makes the database `opdhub`; Airflow's metadata lives in one of its own beside it.
CREATE DATABASE airflow;
-- consumers' roles have business in `opdhub` alone
REVOKE CONNECT, TEMPORARY ON DATABASE airflow, postgres FROM PUBLIC;
