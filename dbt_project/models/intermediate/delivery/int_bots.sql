with accounts as (

    select
        connection,
        author_login as login,
        author_type as account_type
    from {{ ref('stg_github__pull_requests') }}
    union
    select
        connection,
        merged_by_login as login,
        merged_by_type as account_type
    from {{ ref('stg_github__pull_requests') }}
    union
    select
        connection,
        author_login as login,
        author_type as account_type
    from {{ ref('stg_github__commits') }}
    union
    select
        connection,
        author_login as login,
        author_type as account_type
    from {{ ref('stg_github__issues') }}
    union
    select
        connection,
        creator_login as login,
        creator_type as account_type
    from {{ ref('stg_github__deployments') }}
    union
    select
        connection,
        {{ github_login('review.author.login', 'review.author.__typename') }} as login,
        review.author.__typename as account_type
    from (
        select
            connection,
            {{ explode('reviews') }} as review
        from {{ ref('stg_github__pull_requests') }}
    ) as reviews
    union
    select
        connection,
        {{ github_login('item.requestedReviewer.login', 'item.requestedReviewer.__typename') }} as login,
        item.requestedreviewer.__typename as account_type
    from (
        select
            connection,
            {{ explode('timeline_items') }} as item
        from {{ ref('stg_github__pull_requests') }}
    ) as timeline_items

),

-- a bracket stands for itself: "[bot]" is a suffix, not a set of letters
patterns as (

    select replace(lower(pattern), '[', '[[]') as pattern
    from {{ ref('stg_organization__bots') }}

),

judged as (

    select
        accounts.connection,
        accounts.login,
        bool_or(coalesce(accounts.account_type = 'Bot', false)) as is_bot_account,
        accounts.login like '%[bot]' as has_bot_suffix,
        bool_or(patterns.pattern is not null) as is_configured
    from accounts
    left join patterns
        on
            {{ matches_glob('accounts.login', 'patterns.pattern') }}
            or {{ matches_glob("replace(accounts.login, '[bot]', '')", 'patterns.pattern') }}
    where accounts.login is not null
    group by accounts.connection, accounts.login

)

select
    connection,
    login,
    case
        when is_bot_account then 'account_type'
        when has_bot_suffix then 'suffix'
        else 'configured'
    end as rule
from judged
where is_bot_account or has_bot_suffix or is_configured
