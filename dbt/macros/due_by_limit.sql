{# Due time of a dossier that was given none: receive time + the limit of its procedure (2.1, "Due time");
   null without a limit. #}
{% macro due_by_limit(dossier) %}
    case when {{ dossier }}.time_limit > 0 then
        case {{ dossier }}.time_limit_unit
            when 'ngay_lam_viec' then
                {{ add_working_days(dossier ~ '.received_at::date', 'ceil(' ~ dossier ~ '.time_limit)::integer') }}
                + time '23:59:59'
            when 'ngay' then {{ dossier }}.received_at + ceil({{ dossier }}.time_limit)::integer * interval '1 day'
            when 'thang' then {{ dossier }}.received_at + ceil({{ dossier }}.time_limit)::integer * interval '1 month'
            when 'gio' then {{ add_working_hours(dossier ~ '.received_at', dossier ~ '.time_limit') }}
        end
    end
{% endmacro %}

{# The moment at which a clock that runs around the clock on working days, and stands still on other days, has run n hours. #}
{% macro add_working_hours(start, hours) %}
    (
        select
            last.day
            + (goal.seconds - 86400 * (ceil(goal.seconds / 86400) - 1)) * interval '1 second'
        from {{ ref('int_calendar') }} as first
        -- the reading of the clock at the goal, in seconds since the first working day of the calendar
        cross join lateral (
            select
                case
                    when first.is_working_day
                        then (first.working_day_number - 1) * 86400 + extract(epoch from {{ start }}::time)
                    else first.working_day_number * 86400
                end + {{ hours }} * 3600 as seconds
        ) as goal
        inner join {{ ref('int_calendar') }} as last
            on last.is_working_day and last.working_day_number = ceil(goal.seconds / 86400)::integer
        where first.day = {{ start }}::date
    )
{% endmacro %}
