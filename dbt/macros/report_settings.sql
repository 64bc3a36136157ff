{# What the two settings of the reports change (settings.py); unless they are set, all is as 2.1 has it.
   CHISO_REPORT_AWAITED: a dossier that waits for its first supplement is in progress, as it stood when it was asked for,
   until the supplement arrives. #}
{% macro report_outcome() %}
    {%- if var('report_awaited') == 'in_progress' -%}
        case
            when ended_at is not null or not is_finished then state
            when state = 'late' then 'open_overdue'
            else 'open_in_time'
        end
    {%- else -%}
        state
    {%- endif -%}
{% endmacro %}

{# The column with the moment from which a dossier counts in no later report period. #}
{% macro left_report_at() %}
    {{- 'ended_at' if var('report_awaited') == 'in_progress' else 'finished_at' -}}
{% endmacro %}

{# CHISO_REPORT_RETURNED: dossiers that were stopped, withdrawn or refused after receipt are left out. #}
{% macro and_not_left_out() %}
    {%- if var('report_returned') == 'left_out' -%}
        and not (status in (8, 7, 3) and ended_at is not null)
    {%- endif -%}
{% endmacro %}
