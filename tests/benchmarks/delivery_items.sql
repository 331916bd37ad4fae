-- A simulated company's pull requests, commits, deployments, runs and incidents, as ingestion would have loaded them.
-- Session variables: seed, pulls (how many by the evening of last_day), night_pulls (how many more the day after),
-- first_day, last_day, as_of, load. Every draw is a hash of (number, purpose): the company of one clock is the company of
-- the next without what came after.
create or replace temp macro draw(number, purpose) as
    (hash(number, purpose, getvariable('seed')) >> 12)::double / 4503599627370496.0;
create or replace temp macro iso(second) as strftime(make_timestamp(second * 1000000), '%Y-%m-%dT%H:%M:%SZ');
create or replace temp macro sha(words) as md5(words) || left(md5(words || '+'), 8);
create or replace temp macro now_second() as epoch(getvariable('as_of')::timestamp)::bigint;
create or replace temp macro first_second() as epoch(getvariable('first_day')::timestamp)::bigint;
create or replace temp macro last_second() as epoch(getvariable('last_day')::timestamp)::bigint;
create or replace temp macro repository_id(repository) as 'R_' || lpad(repository::varchar, 4, '0');
create or replace temp macro repository_name(repository) as 'acme/repository-' || lpad(repository::varchar, 2, '0');
create or replace temp macro person(number) as 'person-' || (number % 400)::bigint;

-- a fifth of all in one repository; squash, merge commit or rebase by repository; 92 in 100 are merged
create or replace temp table pulls as
with drawn as (
    select
        pull,
        case when draw(pull, 'large') < 0.2 then 0 else 1 + (draw(pull, 'repository') * 39)::bigint % 39 end
            as repository,
        case
            when pull <= getvariable('pulls') then first_second() + ((pull - draw(pull, 'created'))
                / getvariable('pulls') * (last_second() - first_second()))::bigint
            else last_second() + (draw(pull, 'created') * 86400)::bigint
        end as created,
        1 + (draw(pull, 'commits') * 19)::bigint % 19 as commits_count,
        (900 - 172800 * ln(1 - draw(pull, 'open for') * 0.999))::bigint as open_seconds,
        draw(pull, 'fate') as fate
    from range(1, getvariable('pulls') + getvariable('night_pulls') + 1) as numbers (pull)
)
select
    * exclude (fate, open_seconds),
    case repository % 3 when 0 then 'squash' when 1 then 'merge' else 'rebase' end as merge_method,
    case
        when created + open_seconds > now_second() then 'OPEN'
        when fate < 0.92 then 'MERGED'
        when fate < 0.97 then 'CLOSED'
        else 'OPEN'
    end as state,
    created + open_seconds as ended,
    created + (open_seconds * 0.6)::bigint as reviewed,
    row_number() over (partition by repository order by created, pull) as number
from drawn
where created <= now_second();

create or replace temp table pull_commits as
select
    pulls.pull,
    pulls.repository,
    steps.step,
    sha(pulls.pull || '/' || steps.step) as oid,
    pulls.created - 3600 * (pulls.commits_count - steps.step) - 600 as authored
from pulls
cross join lateral range(1, pulls.commits_count + 1) as steps (step);

-- what the default branch grew by, in order: a squashed commit, a merge commit, or each rebased commit
create or replace temp table branch_commits as
with grown as (
    select
        pull, repository, commits_count + 1 as step, ended as second,
        case merge_method when 'merge' then sha(pull || '/' || commits_count) end as second_parent
    from pulls
    where state = 'MERGED' and merge_method in ('squash', 'merge')
    union all
    select pulls.pull, pulls.repository, pull_commits.step, pulls.ended as second, null as second_parent
    from pulls
    inner join pull_commits on pulls.pull = pull_commits.pull
    where pulls.state = 'MERGED' and pulls.merge_method = 'rebase'
)
select
    *,
    sha(pull || '@' || step) as oid,
    lag(sha(pull || '@' || step)) over place as parent_oid,
    row_number() over place as position
from grown
window place as (partition by repository order by second, pull, step);

create or replace temp table tips as
select pull, max_by(oid, position) as oid from branch_commits group by pull;

insert into raw_github.repositories by name
select
    'github' as connection, repository_id(repository) as id, getvariable('as_of')::timestamp as fetched_at,
    getvariable('load') as load_id,
    '{"id":"' || repository_id(repository) || '","nameWithOwner":"' || repository_name(repository)
    || '","isArchived":false,"isFork":false,"createdAt":"2023-01-01T00:00:00Z","defaultBranchRef":{"name":"main",'
    || '"target":{"oid":"' || max_by(oid, position) || '"}}}' as payload
from branch_commits
group by repository;

insert into raw_github.commits by name
select
    'github' as connection, repository_name(repository) || '@' || oid as id, make_timestamp(second * 1000000) as updated_at,
    getvariable('as_of')::timestamp as fetched_at, getvariable('load') as load_id,
    '{"sha":"' || oid || '","commit":{"author":{"date":"' || iso(second) || '"},"committer":{"date":"' || iso(second)
    || '"},"message":"Change number ' || pull || '"},"co_authors":[],"reverts":[],"parents":['
    || concat_ws(',', '{"sha":"' || parent_oid || '"}', '{"sha":"' || second_parent || '"}')
    || '],"author":{"login":"' || person(pull) || '","type":"User"},"repository":{"id":"' || repository_id(repository)
    || '","nameWithOwner":"' || repository_name(repository) || '"}}' as payload
from branch_commits;

-- commits behind a merge commit are on the default branch too, off its first parents
insert into raw_github.commits by name
select
    'github' as connection, repository_name(own.repository) || '@' || own.oid as id,
    make_timestamp(own.authored * 1000000) as updated_at, getvariable('as_of')::timestamp as fetched_at,
    getvariable('load') as load_id,
    '{"sha":"' || own.oid || '","commit":{"author":{"date":"' || iso(own.authored) || '"},"committer":{"date":"'
    || iso(own.authored) || '"},"message":"Step ' || own.step || '"},"co_authors":[],"reverts":[],"parents":[{"sha":"'
    || coalesce(lag(own.oid) over (partition by own.pull order by own.step), branch.parent_oid, sha('root'))
    || '"}],"author":{"login":"' || person(own.pull) || '","type":"User"},"repository":{"id":"'
    || repository_id(own.repository) || '","nameWithOwner":"' || repository_name(own.repository) || '"}}' as payload
from pull_commits as own
inner join branch_commits as branch on own.pull = branch.pull and branch.second_parent is not null;

insert into raw_github.pull_requests by name
select
    'github' as connection, 'PR_' || pulls.pull as id,
    make_timestamp(case pulls.state when 'OPEN' then pulls.created else pulls.ended end * 1000000) as updated_at,
    getvariable('as_of')::timestamp as fetched_at, getvariable('load') as load_id,
    '{"id":"PR_' || pulls.pull || '","number":' || pulls.number || ',"title":"Change number ' || pulls.pull
    || '","url":"https://github.com/' || repository_name(pulls.repository) || '/pull/' || pulls.number
    || '","state":"' || pulls.state || '","isDraft":false,"createdAt":"' || iso(pulls.created) || '","updatedAt":"'
    || iso(case pulls.state when 'OPEN' then pulls.created else pulls.ended end) || '","closedAt":'
    || case pulls.state when 'OPEN' then 'null' else '"' || iso(pulls.ended) || '"' end || ',"mergedAt":'
    || case pulls.state when 'MERGED' then '"' || iso(pulls.ended) || '"' else 'null' end
    || ',"baseRefName":"main","headRefName":"' || case when draw(pulls.pull, 'hotfix') < 0.02 then 'hotfix/' else 'feature/' end
    || pulls.pull || '","isCrossRepository":false,"additions":' || (draw(pulls.pull, 'lines') * 400)::bigint
    || ',"deletions":' || (draw(pulls.pull, 'gone') * 100)::bigint || ',"changedFiles":8,"files":{"nodes":[' || touched.nodes || ']},"coAuthors":[],"reverts":[],'
    || '"repository":{"id":"' || repository_id(pulls.repository) || '"},"author":{"__typename":"User","login":"'
    || person(pulls.pull) || '"},"mergedBy":null,"mergeCommit":'
    || coalesce('{"oid":"' || tips.oid || '","committedDate":"' || iso(pulls.ended) || '","parents":{"totalCount":'
        || case pulls.merge_method when 'merge' then 2 else 1 end || '}}', 'null')
    || ',"labels":{"nodes":[]},"reviews":{"nodes":['
    || case when pulls.state = 'OPEN' then '' else
        '{"id":"PRR_' || pulls.pull || '","state":"APPROVED","submittedAt":"' || iso(pulls.reviewed)
        || '","author":{"__typename":"User","login":"' || person(pulls.pull + 7) || '"}}'
    end || ']},"commits":{"nodes":[' || own.nodes || ']},"timelineItems":{"nodes":[{"__typename":"ReviewRequestedEvent",'
    || '"id":"RR_' || pulls.pull || '","createdAt":"' || iso(pulls.created + 120)
    || '","requestedReviewer":{"__typename":"User","login":"' || person(pulls.pull + 7) || '"}}]}}' as payload
from pulls
left join tips on pulls.pull = tips.pull
inner join (
    select
        pull,
        string_agg(
            '{"commit":{"oid":"' || oid || '","authoredDate":"' || iso(authored) || '","committedDate":"'
            || iso(authored) || '","messageHeadline":"Step ' || step || '","author":{"user":{"login":"' || person(pull)
            || '"}}}}', ',' order by step
        ) as nodes
    from pull_commits
    group by pull
) as own on pulls.pull = own.pull
-- eight files each, one in four pull requests with a lock file among them
inner join (
    select
        pull,
        string_agg(
            '{"path":"' || case
                when file = 8 and draw(pull, 'lock') < 0.25 then 'package-lock.json'
                else 'src/part-' || (draw(pull, 'part') * 40)::bigint || '/module-'
                    || (draw(pull * 10 + file, 'module') * 500)::bigint || '.py'
            end || '","additions":' || (draw(pull * 10 + file, 'added') * 50)::bigint || ',"deletions":'
            || (draw(pull * 10 + file, 'removed') * 12)::bigint || '}', ',' order by file
        ) as nodes
    from pulls
    cross join range(1, 9) as files (file)
    group by pull
) as touched on pulls.pull = touched.pull;

-- half as many deployments as pull requests: of the tip of the default branch, an hour or so after a merge
create or replace temp table deployed as
select
    branch.repository, branch.oid, branch.pull, branch.second,
    branch.second + 1800 + (draw(branch.pull, 'deployed') * 7200)::bigint as created,
    draw(branch.pull, 'environment') < 0.1 as is_staging,
    draw(branch.pull, 'failed') < 0.05 as is_failed
from branch_commits as branch
inner join tips on branch.oid = tips.oid
where draw(branch.pull, 'is deployed') < 0.5 / 0.9 and branch.second + 14400 < now_second();

insert into raw_github.deployments by name
select
    'github' as connection, 'DE_' || pull as id, make_timestamp((created + 600) * 1000000) as updated_at,
    getvariable('as_of')::timestamp as fetched_at, getvariable('load') as load_id,
    '{"id":"DE_' || pull || '","environment":"' || case when is_staging then 'staging' else 'production' end
    || '","originalEnvironment":"production","task":"deploy","state":"INACTIVE","commitOid":"' || oid
    || '","createdAt":"' || iso(created) || '","updatedAt":"' || iso(created + 600)
    || '","ref":{"name":"main"},"creator":{"__typename":"Bot","login":"acme-ci"},"repository":{"id":"'
    || repository_id(repository) || '"},"statuses":{"nodes":[{"id":"S1_' || pull
    || '","state":"QUEUED","createdAt":"' || iso(created) || '"},{"id":"S2_' || pull
    || '","state":"IN_PROGRESS","createdAt":"' || iso(created + 60) || '"},{"id":"S3_' || pull || '","state":"'
    || case when is_failed then 'FAILURE' else 'SUCCESS' end || '","createdAt":"' || iso(created + 600) || '"}]}}' as payload
from deployed;

insert into raw_github.workflow_runs by name
select
    'github' as connection, (1000000 + pull) || ':1' as id, make_timestamp((created + 900) * 1000000) as updated_at,
    getvariable('as_of')::timestamp as fetched_at, getvariable('load') as load_id,
    '{"id":' || (1000000 + pull) || ',"name":"CI","path":".github/workflows/ci.yml","workflow_id":' || (100 + repository)
    || ',"run_number":' || number || ',"run_attempt":1,"event":"pull_request","status":"completed","conclusion":"'
    || case when draw(pull, 'run') < 0.15 then 'failure' else 'success' end || '","head_branch":"feature/' || pull
    || '","head_sha":"' || sha(pull || '/' || commits_count) || '","created_at":"' || iso(created)
    || '","run_started_at":"' || iso(created + 20) || '","updated_at":"' || iso(created + 900)
    || '","actor":{"login":"' || person(pull) || '","type":"User"},"repository":{"id":"' || repository_id(repository) || '"}}'
        as payload
from pulls;

-- one incident for every twenty deployments; a service of the tool for each of the company's
insert into raw_pagerduty.services by name
select
    'pagerduty' as connection, 'PSERV' || service as id, getvariable('as_of')::timestamp as fetched_at,
    getvariable('load') as load_id,
    '{"id":"PSERV' || service || '","name":"Service ' || lpad(service::varchar, 2, '0')
    || '","status":"active","created_at":"2023-01-01T00:00:00Z"}' as payload
from range(30) as numbers (service);

insert into raw_pagerduty.incidents by name
select
    'pagerduty' as connection, 'Q' || pull as id, make_timestamp((created + 14400) * 1000000) as updated_at,
    getvariable('as_of')::timestamp as fetched_at, getvariable('load') as load_id,
    '{"id":"Q' || pull || '","incident_number":' || pull || ',"title":"Errors","status":"resolved","urgency":"high",'
    || '"created_at":"' || iso(created + 3600) || '","updated_at":"' || iso(created + 14400) || '","resolved_at":"'
    || iso(created + 14400) || '","service":{"id":"PSERV' || repository % 30 || '","summary":"Service '
    || lpad((repository % 30)::varchar, 2, '0') || '"},"priority":{"id":"PRIO002","summary":"P2"}}' as payload
from deployed
where draw(pull, 'incident') < 0.05 and created + 14400 < now_second();
