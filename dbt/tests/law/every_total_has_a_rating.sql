-- One row per first day of a rating on which a total of 0 points has none.
select
    'Tệp dbt/seeds/law/ratings.csv: từ ngày ' || change.valid_from || ' tổng 0 điểm không được xếp loại, hãy thêm dòng'
    || ' có min_score 0 từ ngày đó' as sentence
from (select distinct valid_from from {{ ref('ratings') }}) as change
left join {{ ref('ratings') }} as rating
    on
        rating.min_score = 0
        and change.valid_from between rating.valid_from and rating.valid_to
where rating.rating is null
