-- One row per petition that another one repeats (MaPAKNTruoc), with the time of the first repetition.
select
    repeats_petition_code as petition_code,
    min(sent_at) as first_sent_at
from {{ ref('stg_petitions') }}
where repeats_petition_code is not null and repeats_petition_code <> petition_code
group by repeats_petition_code
