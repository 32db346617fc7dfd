//! The router and its description: OpenAPI 3.1 at `/openapi.json`, a page at `/docs`.

use axum::{Router, extract::DefaultBodyLimit};
use serde::Serialize;
use utoipa::{IntoResponses, OpenApi, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    answer::Taken,
    body::MAX_BODY,
    routes::{Api, commands, customers, generic, orders},
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Oneway command API",
        description = "Takes commands, puts them into the log and answers with their outcome.\n\n\
            **Waiting.** An answer comes when the command was decided. With `Prefer: respond-async`, \
            or when the outcome does not come in time, the answer is 202 as soon as the command is in \
            the log, and `Location` says where to ask for the outcome.\n\n\
            **Who asks** is told by a token (JWT) in `Authorization: Bearer …`, or in the cookie of the \
            service `tokens`. Each command needs the right of its name, such as `order.CONFIRM`, by \
            one of the token's roles; its events carry who sent it.\n\n\
            **Repeating.** A command sent again under the same `Idempotency-Key` changes nothing more \
            and gets the answer of the first time. The same key for another command is refused (422 \
            `command_id_reused`).\n\n\
            **Reading your own write.** The answer to a decided command has a header `oneway-token` \
            (JSON answers also a field `token`): a query sent with it waits until its read model shows \
            the aggregate as the command left it. So do rejections: with it a query shows the state \
            that the command was refused on. It is absent while there is no event of the aggregate. \
            It is opaque: keep it, and make none.\n\n\
            **When the log is away.** 503 `kafka_unavailable` and `overloaded`: the command is \
            certainly not in the log. 503 `outcome_unknown`: it may be in the log or not; send it \
            again with the same `Idempotency-Key` (or, if there was none, with the command id that the \
            answer names), or ask at `Location`. A command is never answered as failed and silently \
            carried out.\n\n\
            **Errors** are problem details (RFC 9457) with a stable `code`, the `correlationId` and, \
            where fields are wrong, `errors` with JSON pointers.",
    ),
    components(schemas(Taken)),
    tags(
        (name = "customers", description = "Customers, and whether they may be written to"),
        (name = "orders", description = "Orders and their confirmation"),
        (name = "commands", description = "What became of a command"),
        (name = "generic", description = "Any command, in one form"),
    ),
)]
struct Description;

/// A problem (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProblemBody {
    /// Kind of problem, as a URI.
    #[serde(rename = "type")]
    #[schema(example = "urn:oneway:problem:rule_violated")]
    kind: String,
    /// The status in words.
    #[schema(example = "Conflict")]
    title: String,
    /// The status.
    #[schema(example = 409)]
    status: u16,
    /// What was wrong, and what to do.
    #[schema(example = "the order is confirmed already")]
    detail: String,
    /// Stable code for programs.
    #[schema(example = "rule_violated")]
    code: String,
    /// Joins the answer with logs and events.
    correlation_id: String,
    /// Current version of the aggregate; with 412.
    version: Option<i64>,
    /// What is wrong with which field.
    errors: Option<Vec<FieldErrorBody>>,
}

/// What is wrong with one field.
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldErrorBody {
    /// JSON pointer to the field in the request body.
    #[schema(example = "/value")]
    pointer: String,
    /// What is wrong.
    #[schema(example = "must not be less than 0.01")]
    detail: String,
}

/// What every command may be answered beside its success.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only described, never made")]
pub enum CommandProblems<'a> {
    /// In the log, and not decided yet; `Location` says where to ask.
    #[response(status = 202)]
    Taken(Taken<'a>),
    /// The body is no JSON, or a header is malformed (`malformed`, `malformed_header`).
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(ProblemBody),
    /// A token is needed, or it is not valid (`no_token`, `invalid_token`).
    #[response(status = 401, content_type = "application/problem+json")]
    Unknown(ProblemBody),
    /// The token's roles do not have the `right` (`forbidden`).
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(ProblemBody),
    /// There is no such aggregate (`not_found`).
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemBody),
    /// The state of the aggregate forbids it (`already_exists`, `rule_violated`).
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(ProblemBody),
    /// The aggregate has another version than `If-Match` says; `version` and `ETag` tell which
    /// (`version_mismatch`).
    #[response(status = 412, content_type = "application/problem+json")]
    VersionMismatch(ProblemBody),
    /// The body is too large (`too_large`).
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody),
    /// The body is not declared as JSON (`unsupported_media_type`).
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(ProblemBody),
    /// A field is missing or wrong, `errors` says which (`invalid`); or the `Idempotency-Key`
    /// belongs to another command (`command_id_reused`).
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(ProblemBody),
    /// Too many requests in a short time (`too_many_requests`).
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(ProblemBody),
    /// Try again after `Retry-After` seconds. Not in the log: `overloaded`, `kafka_unavailable`.
    /// In the log or not: `outcome_unknown`.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(ProblemBody),
}

/// Everything that is served on the public address.
pub fn router(api: Api) -> Router {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(customers::create))
        .routes(routes!(customers::update))
        .routes(routes!(customers::grant_email_permission, customers::withdraw_email_permission))
        .routes(routes!(orders::create))
        .routes(routes!(orders::confirm))
        .routes(routes!(commands::status))
        .routes(routes!(generic::command))
        .split_for_parts();
    let router = router.with_state(api).layer(DefaultBodyLimit::max(MAX_BODY));
    let docs = SwaggerUi::new("/docs").url("/openapi.json", description);
    router.merge(docs)
}
