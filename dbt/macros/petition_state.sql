{# State of each petition whose clock has started at T of each of the given periods (5.2):
   the one place where T meets a petition. #}
{% macro petition_state(periods) %}
with at_moment as (
    -- what happened before the last transfer is another unit's; what happens from T on has not happened
    select
        petition.petition_code,
        petition.unit_code,
        petition.category,
        petition.clock_start,
        petition.dislikes > petition.likes as is_dissatisfied,
        coalesce(repeating.first_sent_at < period.seen_at, false) as is_repeated,
        period.period_type,
        period.period_start,
        period.starts_at,
        period.seen_at,
        period.ends_on,
        case when petition.refused_at >= petition.clock_start and petition.refused_at < period.seen_at
            then petition.refused_at end as refused_at,
        case when petition.answered_at >= petition.clock_start and petition.answered_at < period.seen_at
            then petition.answered_at end as answered_at,
        case when petition.published_at >= petition.clock_start and petition.published_at < period.seen_at
            then petition.published_at end as published_at,
        case
            when
                petition.supplement_requested_at >= petition.clock_start
                and petition.supplement_requested_at < period.seen_at
                -- taken up after the request: the unit works on it again
                and not coalesce(
                    petition.taken_up_at > petition.supplement_requested_at and petition.taken_up_at < period.seen_at,
                    false
                )
                then petition.supplement_requested_at
        end as supplement_requested_at
    from {{ ref('int_petition') }} as petition
    inner join {{ periods }} as period on petition.clock_start < period.seen_at
    left join {{ ref('int_repeating_petition') }} as repeating on repeating.petition_code = petition.petition_code
),

closed as (
    select
        at_moment.*,
        case
            when refused_at <= coalesce(answered_at, timestamp 'infinity') then 'refused'
            when answered_at is not null then 'answered'
            when supplement_requested_at is not null then 'supplement_requested'
            else 'open'
        end as outcome
    from at_moment
),

judged as (
    select
        closed.*,
        case outcome
            when 'refused' then refused_at
            when 'answered' then answered_at
            when 'supplement_requested' then supplement_requested_at
        end as closed_at,
        case outcome
            when 'refused' then {{ add_working_days('clock_start::date', limit_days('petition_refuse', 'ends_on')) }}
            when 'supplement_requested'
                then {{ add_working_days('clock_start::date', limit_days('petition_supplement', 'ends_on')) }}
            else {{ add_working_days('clock_start::date', limit_days('petition_answer', 'ends_on')) }}
        end as deadline_day,
        case
            when outcome = 'answered'
                then {{ add_working_days('answered_at::date', limit_days('petition_publish', 'ends_on')) }}
        end as publish_deadline_day
    from closed
),

timed as (
    select
        judged.*,
        coalesce(closed_at, seen_at)::date <= deadline_day
        and coalesce(coalesce(published_at, seen_at)::date <= publish_deadline_day, true) as is_in_time
    from judged
)

select
    petition_code,
    unit_code,
    category,
    period_type,
    period_start,
    closed_at,
    deadline_day,
    case
        when closed_at is null and is_in_time then 'open_in_time'
        when closed_at is null then 'open_overdue'
        when is_in_time then 'on_time'
        else 'late'
    end as state,
    is_in_time,
    is_dissatisfied,
    is_repeated
from timed
where coalesce(closed_at >= starts_at, true)
{% endmacro %}
