with reviews as (

    select
        pull_request_key,
        connection,
        author_login as pull_request_author_login,
        merged_at,
        {{ explode('reviews') }} as review
    from {{ ref('stg_github__pull_requests') }}

),

submitted as (

    select
        connection || ':' || review.id as review_key,
        pull_request_key,
        connection,
        {{ github_login('review.author.login', 'review.author.__typename') }} as reviewer_login,
        pull_request_author_login,
        review.state,
        review.submittedat as submitted_at,
        merged_at
    from reviews
    where review.submittedat is not null
    qualify row_number() over (partition by connection, review.id order by review.submittedat) = 1

)

select
    submitted.review_key,
    submitted.pull_request_key,
    submitted.reviewer_login,
    submitted.state,
    bots.login is not null as is_bot,
    coalesce(
        bots.login is null
        and submitted.reviewer_login is distinct from submitted.pull_request_author_login,
        false
    ) as is_by_another_person,
    coalesce(submitted.submitted_at > submitted.merged_at, false) as is_after_merge,
    submitted.submitted_at
from submitted
cross join {{ ref('int_settings') }} as settings
left join {{ ref('int_bots') }} as bots
    on
        submitted.connection = bots.connection
        and submitted.reviewer_login = bots.login
where submitted.submitted_at <= settings.as_of
