{# The common table expressions up to judged, the one place where T meets a dossier: one row per dossier received before
   T and period, with finish time, supplement time and state at T.
   dossiers, supplements: int_dossier and int_supplement of this build or, to know what was counted, as they were kept.
   only_changed_ones: false where a view shall show every dossier. #}
{% macro judged_dossiers(periods, dossiers, supplements, only_changed_ones=true) %}
with at_moment as (
    select
        dossier.*,
        period.period_type,
        period.period_start,
        period.starts_at,
        period.seen_at,
        dossier.received_at >= period.starts_at as is_received_in_period,
        case
            when dossier.status in (9, 10) then
                case
                    when dossier.done_at < period.seen_at then dossier.done_at
                    when dossier.returned_at < period.seen_at then dossier.returned_at
                end
            when dossier.status in (8, 7, 3) then
                case
                    when dossier.done_at < period.seen_at then dossier.done_at
                    when dossier.refused_at < period.seen_at then dossier.refused_at
                    when dossier.returned_at < period.seen_at then dossier.returned_at
                end
        end as ended_at
    from {{ dossiers }} as dossier
    inner join {{ periods }} as period
        on
            dossier.received_at < period.seen_at
            -- what was over before the period counts nowhere in it: most dossiers, in most periods
            and (
                dossier.received_at >= period.starts_at
                or coalesce(
                    case
                        when dossier.status in (9, 10) then greatest(dossier.done_at, dossier.returned_at)
                        when dossier.status in (8, 7, 3)
                            then greatest(dossier.done_at, dossier.refused_at, dossier.returned_at)
                    end >= period.starts_at,
                    true
                )
            )
    {{ only_changed('dossier.dossier_code') if only_changed_ones }}
),

supplement as (
    select
        request.dossier_code,
        request.unit_code,
        period.period_type,
        period.period_start,
        count(*) as requests,
        min(request.requested_at) as first_requested_at,
        bool_or(request.arrived_at is null or request.arrived_at >= period.seen_at) as is_awaited,
        {{ waiting_time('request', 'period.seen_at') }} as waiting_time
    from {{ supplements }} as request
    inner join {{ periods }} as period on request.requested_at < period.seen_at
    {{ only_changed('request.dossier_code') if only_changed_ones }}
    group by request.dossier_code, request.unit_code, period.period_type, period.period_start
),

finished as (
    select
        at_moment.*,
        supplement.requests as supplement_requests,
        coalesce(supplement.waiting_time, interval '0') as supplement_time,
        -- sent back once and not yet answered: the request ends it, until the supplement arrives
        case
            when at_moment.ended_at is not null then at_moment.ended_at
            when supplement.is_awaited and supplement.requests = 1 then supplement.first_requested_at
        end as finished_at,
        -- sent back again while a request is unanswered: it counts as overdue
        at_moment.ended_at is null and coalesce(supplement.is_awaited and supplement.requests > 1, false)
        as is_sent_back_again
    from at_moment
    left join supplement using (dossier_code, unit_code, period_type, period_start)
),

reckoned as (
    select
        finished.*,
        finished.finished_at is not null as is_finished,
        coalesce(finished.finished_at, finished.seen_at) - finished.supplement_time as judged_at
    from finished
),

judged as (
    select
        reckoned.*,
        case
            when is_sent_back_again then 'open_overdue'
            when judged_at > due_at then case when is_finished then 'late' else 'open_overdue' end
            when not is_finished then 'open_in_time'
            when judged_at::date < due_at::date or due_at is null then 'early'
            else 'on_time'
        end as state
    from reckoned
)
{% endmacro %}

{# State of each received dossier at T of each of the given periods (2.1), with its facts. #}
{% macro dossier_state(periods) %}
{{ judged_dossiers(periods, ref('int_dossier'), ref('int_supplement')) }}
select
    judged.dossier_code,
    judged.unit_code,
    judged.procedure_code,
    judged.period_type,
    judged.period_start,
    judged.is_received_in_period,
    -- the dossiers of 2.1: received before T and not finished before the period
    coalesce(judged.finished_at >= judged.starts_at, true) as is_counted,
    judged.state,
    judged.status,
    judged.received_at,
    judged.due_at,
    judged.finished_at,
    judged.ended_at,
    judged.supplement_requests,
    judged.supplement_time,
    judged.is_synchronised,
    judged.is_online,
    judged.is_fee_bearing,
    judged.has_only_zero_fees,
    judged.has_fee_amount,
    judged.is_paid_online,
    judged.has_paper_result,
    judged.has_electronic_result,
    judged.has_component_file,
    judged.reuses_data,
    judged.from_data_store,
    judged.uses_population_data,
    judged.is_outside_boundary,
    rating.rating,
    coalesce(naming.first_sent_at < judged.seen_at, false) as has_petition
from judged
left join {{ ref('int_rating') }} as rating
    on
        rating.dossier_code = judged.dossier_code
        and rating.unit_code = judged.unit_code
        and rating.rated_at < judged.seen_at
        and rating.replaced_at >= judged.seen_at
left join {{ ref('int_naming_petition') }} as naming
    on naming.dossier_code = judged.dossier_code and naming.unit_code = judged.unit_code
where judged.is_received_in_period or coalesce(judged.finished_at >= judged.starts_at, true)
{% endmacro %}

{# Supplement time (2.1): from request to arrival, never below 0, of the supplements that arrived by a moment, summed. #}
{% macro waiting_time(request, moment) %}
    coalesce(
        sum(greatest({{ request }}.arrived_at - {{ request }}.requested_at, interval '0'))
        filter (where {{ request }}.arrived_at < {{ moment }}),
        interval '0'
    )
{%- endmacro %}
