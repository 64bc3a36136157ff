{# The figures of the reports: column -> which of the dossiers counted in a report period (report_dossiers) it counts.
   First where they come from, then how they stand at T: each dossier stands in one of the first three and in one of the
   next five. #}
{% macro report_figures() %}
    {%- set figures = {
        'received_online': "inflow = 'online'",
        'received_direct': "inflow = 'direct'",
        'carried_over': "inflow = 'carried_over'",
        'settled_early': "outcome = 'early'",
        'settled_on_time': "outcome = 'on_time'",
        'settled_late': "outcome = 'late'",
        'in_progress_in_time': "outcome = 'open_in_time'",
        'in_progress_overdue': "outcome = 'open_overdue'",
        'with_component_file': 'has_component_file',
        'with_electronic_result': 'has_electronic_result',
        'digitised': 'has_component_file and (has_electronic_result or not has_paper_result)',
        'reusing_data': 'reuses_data',
        'owing_fee': 'owes_fee',
        'paid_online': 'owes_fee and is_paid_online',
    } -%}
    {%- for cause in late_causes() -%}
        {%- do figures.update({'late_' ~ cause: "cause = '" ~ cause ~ "'"}) -%}
    {%- endfor -%}
    {{- return(figures) -}}
{% endmacro %}

{# A column for each figure, and for dossiers, how many there are: column with {0} where its name stands. #}
{% macro each_figure(column) %}
    {%- for figure in ['dossiers'] + report_figures().keys() | list -%}
        {{ column.format(figure) }}{{ ', ' if not loop.last }}
    {%- endfor -%}
{% endmacro %}

{# Why a dossier is late, as far as the exports tell, in the order in which it is asked (report_dossiers). #}
{% macro late_causes() %}
    {{- return(['wrong_due_time', 'returned', 'supplement_again', 'supplement', 'fee', 'handling']) -}}
{% endmacro %}

{# One row per dossier and report period that it counts in: where it comes from, how it stands at T (2.1), and why late.
   Counted are the dossiers of 2.1, unless a setting says otherwise (report_settings.sql).
   dossiers, supplements, only_changed_ones: as in judged_dossiers. #}
{% macro report_dossiers(periods, dossiers, supplements, only_changed_ones=true) %}
{{ judged_dossiers(periods, dossiers, supplements, only_changed_ones) }},

counted as (
    select
        judged.*,
        case
            when not is_received_in_period then 'carried_over'
            when is_online then 'online'
            else 'direct'
        end as inflow,
        {{ report_outcome() }} as outcome
    from judged
    where coalesce({{ left_report_at() }} >= starts_at, true) {{ and_not_left_out() }}
)

select
    counted.*,
    -- as in 3.6
    is_received_in_period and is_fee_bearing and not has_only_zero_fees as owes_fee,
    case
        when outcome not in ('late', 'open_overdue') then null
        when due_at < received_at then 'wrong_due_time'
        when status in (8, 7, 3) then 'returned'
        when supplement_requests > 1 then 'supplement_again'
        when supplement_requests = 1 then 'supplement'
        when status = 6 then 'fee'
        else 'handling'
    end as cause
from counted
{% endmacro %}

{# Their figures by unit, report period and procedure; dossiers: how many they are. Integers, for their sums are bigint;
   those of bigint are numeric, and slow. #}
{% macro report_sums(periods, dossiers, supplements) %}
select
    unit_code,
    period_type,
    period_start,
    procedure_code,
    count(*)::integer as dossiers,
    {% for figure, condition in report_figures().items() %}
    (count(*) filter (where {{ condition }}))::integer as {{ figure }}{{ ',' if not loop.last }}
    {% endfor %}
from (
    {{ report_dossiers(periods, dossiers, supplements) }}
) as dossier
group by unit_code, period_type, period_start, procedure_code
{% endmacro %}
