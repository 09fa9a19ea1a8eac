"""The kinds of webhooks that the demo knows, in groups."""

from collections.abc import Mapping
from enum import StrEnum


class Category(StrEnum):
    """What a webhook is about."""

    ADMINISTRATION = "administration"
    BUILD = "build"
    CODE = "code"
    DISCUSSION = "discussion"
    PLANNING = "planning"
    RELEASE = "release"
    SECURITY = "security"


_KINDS: Mapping[Category, str] = {
    Category.ADMINISTRATION: (
        "github_app_authorization installation installation_repositories marketplace_purchase member membership meta "
        "org_block organization ping public repository sponsorship team team_add watch"
    ),
    Category.BUILD: (
        "check_run check_suite deployment deployment_review deployment_status page_build status workflow_dispatch "
        "workflow_job workflow_run"
    ),
    Category.CODE: (
        "create delete fork merge_group pull_request pull_request_review pull_request_review_comment "
        "pull_request_review_thread push"
    ),
    Category.DISCUSSION: "commit_comment discussion discussion_comment gollum issue_comment",
    Category.PLANNING: "issues label milestone project project_card project_column projects_v2_item",
    Category.RELEASE: "package release",
    Category.SECURITY: (
        "branch_protection_rule code_scanning_alert dependabot_alert deploy_key repository_vulnerability_alert "
        "security_advisory"
    ),
}

#: The category of every kind of webhook (`X-GitHub-Event`) that the demo has a pipeline for.
CATEGORIES: Mapping[str, Category] = {kind: category for category, kinds in _KINDS.items() for kind in kinds.split()}
