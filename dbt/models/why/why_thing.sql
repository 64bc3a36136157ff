-- One row per indicator and thing that does not count as it did on the night before: how, why, and by which dossiers.
-- offset 0: Citus brings these rows to the coordinator first, for it joins them by nothing but the unit where they lie.
with changed as (
    select
        indicator_code,
        evidence_kind,
        evidence_key,
        before.in_numerator is not null as was_counted,
        after.in_numerator is not null as is_counted,
        coalesce(before.in_numerator, false) as was_in,
        coalesce(after.in_numerator, false) as is_in
    from (
        select evidence.* from {{ on_night('before', 'indicator_evidence') }} as evidence
        where evidence.unit_code = {{ asked_unit() }} and {{ is_asked_period('evidence') }} {{ on_citus('offset 0') }}
    ) as before
    full join (
        select evidence.* from {{ on_night('after', 'indicator_evidence') }} as evidence
        where evidence.unit_code = {{ asked_unit() }} and {{ is_asked_period('evidence') }} {{ on_citus('offset 0') }}
    ) as after using (indicator_code, evidence_kind, evidence_key)
    where before.in_numerator is distinct from after.in_numerator
),

-- T of the night before, and whether the period had begun then
asked as (
    select
        least(period.ends_at, {{ as_of() }}) as seen_before,
        earlier.period_type is not null as period_had_begun
    from {{ on_night('after', 'int_period') }} as period
    left join {{ on_night('before', 'int_period') }} as earlier using (period_type, period_start)
    where {{ is_asked_period('period') }}
),

known as not materialized (
    select
        dossier_code,
        received_at
    from {{ on_night('before', 'int_dossier') }} {{ on_citus('offset 0') }}
),

dossier_cause as (
    select
        changed.indicator_code,
        changed.evidence_kind,
        changed.evidence_key,
        array[changed.evidence_key] as dossier_codes,
        case
            when not coalesce(known.received_at < asked.seen_before, false) then 'new'
            when not asked.period_had_begun then 'period'
            when now.dossier_code is null then 'corrected'
            when
                changed.indicator_code = '5.4'
                and coalesce(was.state in ('late', 'open_overdue'), false)
                = coalesce(now.state in ('late', 'open_overdue'), false)
                then
                    case
                        when coalesce(was.rating, '') <> coalesce(now.rating, '') then 'rated'
                        when was.has_petition <> now.has_petition then 'petition'
                        else 'corrected'
                    end
            when
                coalesce(was.supplement_requests, 0) <> coalesce(now.supplement_requests, 0)
                or coalesce(was.supplement_time, interval '0') <> now.supplement_time
                then 'supplement'
            when
                changed.indicator_code in ('2.1', '5.4')
                and was.state = 'open_in_time'
                and now.state in ('late', 'open_overdue')
                and was.due_at = now.due_at
                then 'overdue'
            when was.finished_at is null and now.finished_at is not null then 'finished'
            else 'corrected'
        end as cause
    from changed
    cross join asked
    left join known on known.dossier_code = changed.evidence_key
    left join (
        select was.* from {{ on_night('before', 'int_dossier_period') }} as was
        where {{ is_asked_period('was') }} {{ on_citus('offset 0') }}
    ) as was on was.dossier_code = changed.evidence_key
    left join (
        select now.* from {{ on_night('after', 'int_dossier_period') }} as now
        where {{ is_asked_period('now') }} {{ on_citus('offset 0') }}
    ) as now on now.dossier_code = changed.evidence_key
    where changed.evidence_kind = 'dossier'
),

petition_cause as (
    select
        changed.indicator_code,
        changed.evidence_kind,
        changed.evidence_key,
        '{}'::text[] as dossier_codes,
        case
            when not coalesce(known.clock_start < asked.seen_before, false) then 'new'
            when not asked.period_had_begun then 'period'
            when changed.indicator_code = '5.3' and was.is_dissatisfied <> now.is_dissatisfied then 'rated'
            when changed.indicator_code = '5.3' and was.is_repeated <> now.is_repeated then 'petition'
            when was.is_in_time and not now.is_in_time and was.deadline_day = now.deadline_day then 'overdue'
            when was.closed_at is null and now.closed_at is not null then 'finished'
            else 'corrected'
        end as cause
    from changed
    cross join asked
    left join {{ on_night('before', 'int_petition') }} as known on known.petition_code = changed.evidence_key
    left join {{ on_night('before', 'int_petition_period') }} as was
        on was.petition_code = changed.evidence_key and {{ is_asked_period('was') }}
    left join {{ on_night('after', 'int_petition_period') }} as now
        on now.petition_code = changed.evidence_key and {{ is_asked_period('now') }}
    where changed.evidence_kind = 'petition'
),

-- a procedure or service comes in by its first dossier, and goes out with its last
use as (
    select
        changed.indicator_code,
        changed.evidence_key,
        array_agg(using_dossier.dossier_code order by using_dossier.dossier_code) as dossier_codes,
        bool_and(not coalesce(known.received_at < asked.seen_before, false)) as is_by_new_dossiers
    from changed
    cross join asked
    inner join (
        select
            true as is_in,
            after.*
        from ({{ using_dossiers('after') }}) as after
        union all
        select
            false as is_in,
            before.*
        from ({{ using_dossiers('before') }}) as before
    ) as using_dossier using (indicator_code, evidence_key, is_in)
    left join known on known.dossier_code = using_dossier.dossier_code
    group by changed.indicator_code, changed.evidence_key
),

catalogue_cause as (
    select
        changed.indicator_code,
        changed.evidence_kind,
        changed.evidence_key,
        coalesce(use.dossier_codes, '{}') as dossier_codes,
        case
            when not asked.period_had_begun then 'period'
            when changed.was_counted <> changed.is_counted or use.dossier_codes is null then 'catalogue'
            when changed.is_in and use.is_by_new_dossiers then 'new'
            else 'corrected'
        end as cause
    from changed
    cross join asked
    left join use using (indicator_code, evidence_key)
    where changed.evidence_kind in ('procedure', 'service')
),

announcement_cause as (
    select
        changed.indicator_code,
        changed.evidence_kind,
        changed.evidence_key,
        '{}'::text[] as dossier_codes,
        case
            when not asked.period_had_begun then 'period'
            when changed.is_counted and not changed.was_counted and changed.indicator_code = '1.1' then 'new'
            when changed.is_counted and not changed.was_counted and changed.is_in then 'finished'
            when changed.is_counted and changed.indicator_code = '1.2' and not changed.is_in then 'overdue'
            else 'corrected'
        end as cause
    from changed
    cross join asked
    where changed.evidence_kind = 'announcement'
),

cause as (
    select * from dossier_cause
    union all
    select * from petition_cause
    union all
    select * from catalogue_cause
    union all
    select * from announcement_cause
)

select
    changed.indicator_code,
    changed.evidence_kind,
    changed.evidence_key,
    cause.cause,
    cause.dossier_codes,
    changed.is_in::integer - changed.was_in::integer as numerator_change,
    changed.is_counted::integer - changed.was_counted::integer as denominator_change
from changed
inner join cause using (indicator_code, evidence_kind, evidence_key)
