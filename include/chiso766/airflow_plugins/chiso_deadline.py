"""Makes the deadline of ``chiso766.deadline`` known to Airflow's scheduler."""

from airflow.plugins_manager import AirflowPlugin

from chiso766.deadline import ByMorning


class ChisoDeadlinePlugin(AirflowPlugin):
    """Airflow finds subclasses of AirflowPlugin in its plugins folder by itself."""

    name = "chiso_deadline"
    deadline_references = [ByMorning]  # noqa: RUF012  Airflow declares it so
