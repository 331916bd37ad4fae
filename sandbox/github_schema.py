"""The part of GitHub's GraphQL schema that the double serves.

Every type, field, argument and enum value here exists with the same type in GitHub's public schema (a test
compares them), so a query that this text accepts is accepted by GitHub too; the reverse is not promised.
"""

SDL = """
scalar BigInt
scalar DateTime
scalar GitObjectID
scalar GitTimestamp
scalar URI
enum DeploymentOrderField { CREATED_AT }
enum DeploymentState { ABANDONED ACTIVE DESTROYED ERROR FAILURE INACTIVE IN_PROGRESS PENDING QUEUED SUCCESS WAITING }
enum DeploymentStatusState { ERROR FAILURE INACTIVE IN_PROGRESS PENDING QUEUED SUCCESS WAITING }
enum IssueOrderField { COMMENTS CREATED_AT UPDATED_AT }
enum IssueState { CLOSED OPEN }
enum OrderDirection { ASC DESC }
enum PatchStatus { ADDED CHANGED COPIED DELETED MODIFIED RENAMED }
enum PullRequestReviewState { APPROVED CHANGES_REQUESTED COMMENTED DISMISSED PENDING }
enum PullRequestState { CLOSED MERGED OPEN }
enum PullRequestTimelineItemsItemType {
  CLOSED_EVENT CONVERT_TO_DRAFT_EVENT HEAD_REF_FORCE_PUSHED_EVENT LABELED_EVENT MERGED_EVENT READY_FOR_REVIEW_EVENT
  REOPENED_EVENT REVIEW_REQUESTED_EVENT REVIEW_REQUEST_REMOVED_EVENT UNLABELED_EVENT
}
enum RefOrderField { ALPHABETICAL TAG_COMMIT_DATE }
enum ReleaseOrderField { CREATED_AT NAME }
enum RepositoryOrderField { CREATED_AT NAME PUSHED_AT STARGAZERS UPDATED_AT }
enum RepositoryVisibility { INTERNAL PRIVATE PUBLIC }
input DeploymentOrder { direction: OrderDirection!, field: DeploymentOrderField! }
input IssueFilters { labels: [String!], since: DateTime, states: [IssueState!] }
input IssueOrder { direction: OrderDirection!, field: IssueOrderField! }
input RefOrder { direction: OrderDirection!, field: RefOrderField! }
input ReleaseOrder { direction: OrderDirection!, field: ReleaseOrderField! }
input RepositoryOrder { direction: OrderDirection!, field: RepositoryOrderField! }
interface Actor {
  login: String!, url: URI!, resourcePath: URI!
}
interface GitObject {
  id: ID!, oid: GitObjectID!, abbreviatedOid: String!, commitUrl: URI!, repository: Repository!
}
interface Node {
  id: ID!
}
interface RepositoryOwner {
  id: ID!, login: String!, url: URI!, resourcePath: URI!
  repositories(after: String, before: String, first: Int, isArchived: Boolean, last: Int,
    orderBy: RepositoryOrder): RepositoryConnection!
  repository(followRenames: Boolean = true, name: String!): Repository
}
interface UniformResourceLocatable {
  url: URI!, resourcePath: URI!
}
union PullRequestTimelineItems = ClosedEvent | ConvertToDraftEvent | HeadRefForcePushedEvent | LabeledEvent |
  MergedEvent | ReadyForReviewEvent | ReopenedEvent | ReviewRequestRemovedEvent | ReviewRequestedEvent |
  UnlabeledEvent
union RequestedReviewer = Bot | Mannequin | Team | User
type Bot implements Actor & Node & UniformResourceLocatable {
  id: ID!, login: String!, url: URI!, resourcePath: URI!, databaseId: Int
}
type ClosedEvent implements Node & UniformResourceLocatable {
  id: ID!, createdAt: DateTime!, actor: Actor, url: URI!, resourcePath: URI!
}
type Commit implements GitObject & Node & UniformResourceLocatable {
  id: ID!, oid: GitObjectID!, abbreviatedOid: String!, commitUrl: URI!, url: URI!, resourcePath: URI!,
  repository: Repository!, message: String!, messageHeadline: String!, messageBody: String!,
  authoredDate: DateTime!, committedDate: DateTime!, authoredByCommitter: Boolean!, author: GitActor,
  committer: GitActor, additions: Int!, deletions: Int!, changedFilesIfAvailable: Int
  parents(after: String, before: String, first: Int, last: Int): CommitConnection!
  history(after: String, before: String, first: Int, last: Int, since: GitTimestamp,
    until: GitTimestamp): CommitHistoryConnection!
  associatedPullRequests(after: String, before: String, first: Int, last: Int): PullRequestConnection
}
type CommitConnection {
  edges: [CommitEdge], nodes: [Commit], pageInfo: PageInfo!, totalCount: Int!
}
type CommitEdge {
  cursor: String!, node: Commit
}
type CommitHistoryConnection {
  edges: [CommitEdge], nodes: [Commit], pageInfo: PageInfo!, totalCount: Int!
}
type ConvertToDraftEvent implements Node & UniformResourceLocatable {
  id: ID!, createdAt: DateTime!, actor: Actor, pullRequest: PullRequest!, url: URI!, resourcePath: URI!
}
type Deployment implements Node {
  id: ID!, databaseId: Int, environment: String, originalEnvironment: String, latestEnvironment: String,
  description: String, task: String, ref: Ref, commit: Commit, commitOid: String!, createdAt: DateTime!,
  updatedAt: DateTime!, state: DeploymentState, creator: Actor!, repository: Repository!,
  latestStatus: DeploymentStatus
  statuses(after: String, before: String, first: Int, last: Int): DeploymentStatusConnection
}
type DeploymentConnection {
  edges: [DeploymentEdge], nodes: [Deployment], pageInfo: PageInfo!, totalCount: Int!
}
type DeploymentEdge {
  cursor: String!, node: Deployment
}
type DeploymentStatus implements Node {
  id: ID!, createdAt: DateTime!, updatedAt: DateTime!, state: DeploymentStatusState!, creator: Actor!,
  deployment: Deployment!, description: String, environment: String
}
type DeploymentStatusConnection {
  edges: [DeploymentStatusEdge], nodes: [DeploymentStatus], pageInfo: PageInfo!, totalCount: Int!
}
type DeploymentStatusEdge {
  cursor: String!, node: DeploymentStatus
}
type GitActor {
  date: GitTimestamp, email: String, name: String, user: User
}
type HeadRefForcePushedEvent implements Node {
  id: ID!, createdAt: DateTime!, actor: Actor, pullRequest: PullRequest!, beforeCommit: Commit, afterCommit: Commit,
  ref: Ref
}
type Issue implements Node & UniformResourceLocatable {
  id: ID!, databaseId: Int, fullDatabaseId: BigInt, number: Int!, title: String!, url: URI!, resourcePath: URI!,
  state: IssueState!, closed: Boolean!, createdAt: DateTime!, updatedAt: DateTime!, closedAt: DateTime,
  author: Actor, repository: Repository!
  labels(after: String, before: String, first: Int, last: Int): LabelConnection
}
type IssueConnection {
  edges: [IssueEdge], nodes: [Issue], pageInfo: PageInfo!, totalCount: Int!
}
type IssueEdge {
  cursor: String!, node: Issue
}
type Label implements Node {
  id: ID!, name: String!, color: String!, description: String
}
type LabelConnection {
  edges: [LabelEdge], nodes: [Label], pageInfo: PageInfo!, totalCount: Int!
}
type LabelEdge {
  cursor: String!, node: Label
}
type LabeledEvent implements Node {
  id: ID!, createdAt: DateTime!, actor: Actor, label: Label!
}
type Mannequin implements Actor & Node & UniformResourceLocatable {
  id: ID!, login: String!, url: URI!, resourcePath: URI!, databaseId: Int
}
type MergedEvent implements Node & UniformResourceLocatable {
  id: ID!, createdAt: DateTime!, actor: Actor, pullRequest: PullRequest!, commit: Commit, mergeRefName: String!,
  url: URI!, resourcePath: URI!
}
type Organization implements Actor & Node & RepositoryOwner & UniformResourceLocatable {
  id: ID!, login: String!, url: URI!, resourcePath: URI!, databaseId: Int, name: String
  repositories(after: String, before: String, first: Int, isArchived: Boolean, last: Int,
    orderBy: RepositoryOrder): RepositoryConnection!
  repository(followRenames: Boolean = true, name: String!): Repository
}
type PageInfo {
  endCursor: String, hasNextPage: Boolean!, hasPreviousPage: Boolean!, startCursor: String
}
type PullRequest implements Node & UniformResourceLocatable {
  id: ID!, databaseId: Int, fullDatabaseId: BigInt, number: Int!, title: String!, body: String!, url: URI!,
  resourcePath: URI!, permalink: URI!, state: PullRequestState!, isDraft: Boolean!, closed: Boolean!,
  merged: Boolean!, createdAt: DateTime!, updatedAt: DateTime!, closedAt: DateTime, mergedAt: DateTime,
  baseRefName: String!, headRefName: String!, headRefOid: GitObjectID!, isCrossRepository: Boolean!,
  additions: Int!, deletions: Int!, changedFiles: Int!, author: Actor, mergedBy: Actor, mergeCommit: Commit,
  repository: Repository!
  labels(after: String, before: String, first: Int, last: Int): LabelConnection
  reviews(after: String, before: String, first: Int, last: Int,
    states: [PullRequestReviewState!]): PullRequestReviewConnection
  commits(after: String, before: String, first: Int, last: Int): PullRequestCommitConnection!
  files(after: String, before: String, first: Int, last: Int): PullRequestChangedFileConnection
  timelineItems(after: String, before: String, first: Int, itemTypes: [PullRequestTimelineItemsItemType!],
    last: Int, since: DateTime): PullRequestTimelineItemsConnection!
}
type PullRequestChangedFile {
  additions: Int!, changeType: PatchStatus!, deletions: Int!, path: String!
}
type PullRequestChangedFileConnection {
  edges: [PullRequestChangedFileEdge], nodes: [PullRequestChangedFile], pageInfo: PageInfo!, totalCount: Int!
}
type PullRequestChangedFileEdge {
  cursor: String!, node: PullRequestChangedFile
}
type PullRequestCommit implements Node & UniformResourceLocatable {
  id: ID!, commit: Commit!, pullRequest: PullRequest!, url: URI!, resourcePath: URI!
}
type PullRequestCommitConnection {
  edges: [PullRequestCommitEdge], nodes: [PullRequestCommit], pageInfo: PageInfo!, totalCount: Int!
}
type PullRequestCommitEdge {
  cursor: String!, node: PullRequestCommit
}
type PullRequestConnection {
  edges: [PullRequestEdge], nodes: [PullRequest], pageInfo: PageInfo!, totalCount: Int!
}
type PullRequestEdge {
  cursor: String!, node: PullRequest
}
type PullRequestReview implements Node {
  id: ID!, author: Actor, state: PullRequestReviewState!, submittedAt: DateTime, createdAt: DateTime!,
  updatedAt: DateTime!, publishedAt: DateTime, url: URI!, resourcePath: URI!, pullRequest: PullRequest!,
  repository: Repository!
  comments(after: String, before: String, first: Int, last: Int): PullRequestReviewCommentConnection!
}
type PullRequestReviewCommentConnection {
  totalCount: Int!
}
type PullRequestReviewConnection {
  edges: [PullRequestReviewEdge], nodes: [PullRequestReview], pageInfo: PageInfo!, totalCount: Int!
}
type PullRequestReviewEdge {
  cursor: String!, node: PullRequestReview
}
type PullRequestTimelineItemsConnection {
  edges: [PullRequestTimelineItemsEdge], nodes: [PullRequestTimelineItems], pageInfo: PageInfo!, totalCount: Int!,
  filteredCount: Int!, pageCount: Int!, updatedAt: DateTime!
}
type PullRequestTimelineItemsEdge {
  cursor: String!, node: PullRequestTimelineItems
}
type Query {
  rateLimit: RateLimit, viewer: User!
  node(id: ID!): Node
  nodes(ids: [ID!]!): [Node]!
  organization(login: String!): Organization
  repository(followRenames: Boolean = true, name: String!, owner: String!): Repository
  repositoryOwner(login: String!): RepositoryOwner
  user(login: String!): User
}
type RateLimit {
  cost: Int!, limit: Int!, nodeCount: Int!, remaining: Int!, resetAt: DateTime!, used: Int!
}
type ReadyForReviewEvent implements Node & UniformResourceLocatable {
  id: ID!, createdAt: DateTime!, actor: Actor, pullRequest: PullRequest!, url: URI!, resourcePath: URI!
}
type Ref implements Node {
  id: ID!, name: String!, prefix: String!, target: GitObject, repository: Repository!
}
type RefConnection {
  edges: [RefEdge], nodes: [Ref], pageInfo: PageInfo!, totalCount: Int!
}
type RefEdge {
  cursor: String!, node: Ref
}
type Release implements Node & UniformResourceLocatable {
  id: ID!, databaseId: Int, name: String, tagName: String!, isDraft: Boolean!, isPrerelease: Boolean!,
  createdAt: DateTime!, publishedAt: DateTime, updatedAt: DateTime!, author: User, repository: Repository!,
  tagCommit: Commit, url: URI!, resourcePath: URI!
}
type ReleaseConnection {
  edges: [ReleaseEdge], nodes: [Release], pageInfo: PageInfo!, totalCount: Int!
}
type ReleaseEdge {
  cursor: String!, node: Release
}
type ReopenedEvent implements Node {
  id: ID!, createdAt: DateTime!, actor: Actor
}
type Repository implements Node & UniformResourceLocatable {
  id: ID!, databaseId: Int, name: String!, nameWithOwner: String!, owner: RepositoryOwner!, url: URI!,
  resourcePath: URI!, isArchived: Boolean!, isDisabled: Boolean!, isEmpty: Boolean!, isFork: Boolean!,
  isPrivate: Boolean!, visibility: RepositoryVisibility!, createdAt: DateTime!, updatedAt: DateTime!,
  pushedAt: DateTime, defaultBranchRef: Ref
  ref(qualifiedName: String!): Ref
  object(expression: String, oid: GitObjectID): GitObject
  pullRequest(number: Int!): PullRequest
  pullRequests(after: String, baseRefName: String, before: String, first: Int, last: Int, orderBy: IssueOrder,
    states: [PullRequestState!]): PullRequestConnection!
  issue(number: Int!): Issue
  issues(after: String, before: String, filterBy: IssueFilters, first: Int, last: Int, orderBy: IssueOrder,
    states: [IssueState!]): IssueConnection!
  deployments(after: String, before: String, environments: [String!], first: Int, last: Int,
    orderBy: DeploymentOrder = {field: CREATED_AT, direction: ASC}): DeploymentConnection!
  refs(after: String, before: String, first: Int, last: Int, orderBy: RefOrder, refPrefix: String!): RefConnection
  releases(after: String, before: String, first: Int, last: Int, orderBy: ReleaseOrder): ReleaseConnection!
}
type RepositoryConnection {
  edges: [RepositoryEdge], nodes: [Repository], pageInfo: PageInfo!, totalCount: Int!
}
type RepositoryEdge {
  cursor: String!, node: Repository
}
type ReviewRequestRemovedEvent implements Node {
  id: ID!, createdAt: DateTime!, actor: Actor, pullRequest: PullRequest!, requestedReviewer: RequestedReviewer
}
type ReviewRequestedEvent implements Node {
  id: ID!, createdAt: DateTime!, actor: Actor, pullRequest: PullRequest!, requestedReviewer: RequestedReviewer
}
type Tag implements GitObject & Node {
  id: ID!, oid: GitObjectID!, abbreviatedOid: String!, commitUrl: URI!, repository: Repository!, name: String!,
  message: String, tagger: GitActor, target: GitObject!
}
type Team implements Node {
  id: ID!, name: String!, slug: String!
}
type UnlabeledEvent implements Node {
  id: ID!, createdAt: DateTime!, actor: Actor, label: Label!
}
type User implements Actor & Node & RepositoryOwner & UniformResourceLocatable {
  id: ID!, login: String!, url: URI!, resourcePath: URI!, databaseId: Int, name: String
  repositories(after: String, before: String, first: Int, isArchived: Boolean, last: Int,
    orderBy: RepositoryOrder): RepositoryConnection!
  repository(followRenames: Boolean = true, name: String!): Repository
}
"""
