// Made by `npm run generate` from the document beside it.

export interface paths {
    "/api/command": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send any command.
         * @description Answers 200 with the text `OK`, and 400 with a text that says what is wrong, or both with JSON
         *     when `Accept` asks for it. All other errors are problem details in any case.
         */
        post: operations["sendCommand"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/commands/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What became of a command.
         * @description Any instance tells, whoever took the command. Outcomes are kept for a day.
         */
        get: operations["commandStatus"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Create a customer. */
        post: operations["createCustomer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Replace the data of a customer. */
        put: operations["updateCustomer"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/customers/{id}/email-permission": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Allow e-mails to a customer, who must have an address. */
        put: operations["grantEmailPermission"];
        post?: never;
        /** Allow no more e-mails to a customer. */
        delete: operations["withdrawEmailPermission"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Place an order. */
        post: operations["createOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orders/{id}/confirmation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Confirm an order. Has no body. */
        post: operations["confirmOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description The command was accepted. */
        Accepted: {
            /**
             * @description Aggregate type.
             * @example order
             */
            aggregate: string;
            /**
             * @description Id of the aggregate.
             * @example o-17
             */
            aggregateId: string;
            /**
             * Format: uuid
             * @description Id of the command.
             * @example 01932f6b-8c00-7000-8000-000000000000
             */
            commandId: string;
            /** @description Joins the command with everything that it sets off. */
            correlationId: string;
            /** @description Ids of the events that the command made, in order; none when it changed nothing. */
            events: string[];
            /**
             * @description As header `oneway-token`.
             * @example 1~order.commands.3.1234
             */
            token?: string | null;
            /**
             * Format: int64
             * @description Version of the aggregate after the command; also the `ETag`.
             * @example 1
             */
            version: number;
        };
        /** @description What became of a command. */
        CommandStatus: {
            /**
             * @description Aggregate type.
             * @example order
             */
            aggregate: string;
            /**
             * @description Id of the aggregate.
             * @example o-17
             */
            aggregateId: string;
            /**
             * Format: uuid
             * @description Id of the command.
             */
            commandId: string;
            /** @description Joins the command with everything that it sets off. */
            correlationId?: string | null;
            /** @description Ids of the events that the command made, in order. */
            events?: string[] | null;
            rejection?: components["schemas"]["RejectionBody"] | null;
            /**
             * @description `pending`, `accepted` or `rejected`.
             * @example accepted
             */
            status: string;
            /**
             * @description As header `oneway-token`.
             * @example 1~order.commands.3.1234
             */
            token?: string | null;
            /**
             * Format: int64
             * @description Version of the aggregate after the command.
             */
            version?: number | null;
        };
        /** @description All data of a customer: what is left out is removed. */
        CustomerData: {
            /**
             * @description E-mail address. Removing it withdraws a permission.
             * @example anna@example.com
             */
            email?: string | null;
            /**
             * @description Where the customer is, up to 200 characters.
             * @example Bern
             */
            location?: string | null;
            /**
             * @description Full name, 1 to 200 characters.
             * @example Anna Meier-Huber
             */
            name: string;
        };
        /** @description What is wrong with one field. */
        FieldErrorBody: {
            /**
             * @description What is wrong.
             * @example must not be less than 0.01
             */
            detail: string;
            /**
             * @description JSON pointer to the field in the request body.
             * @example /value
             */
            pointer: string;
        };
        /**
         * @description Any command.
         * @example {
         *       "aggregateId": "o-17",
         *       "aggregateName": "order",
         *       "command": "CREATE",
         *       "correlationId": "SVLT-V1StGXR8_Z5jdHi6B-myT",
         *       "payload": {
         *         "customerId": "c-1",
         *         "text": "two CDs",
         *         "value": "13.99"
         *       }
         *     }
         */
        GenericCommand: {
            /** @description Id of the aggregate: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`. */
            aggregateId: string;
            /** @description `customer`, `order`, `campaign` or `mailing`. */
            aggregateName: string;
            /**
             * @description Of a customer: `CREATE`, `UPDATE`, `GRANT_EMAIL_PERMISSION`, `WITHDRAW_EMAIL_PERMISSION`;
             *     of an order: `CREATE`, `ADD_USD_RATE_AND_VALUE`, `REQUIRE_CONFIRMATION`, `CONFIRM`, `CORRECT_TEXT`; of a
             *     campaign: `CREATE`, `START`, `PAUSE`, `COMPLETE`; of a mailing, by a person: `MARK_SENT`,
             *     `MARK_FAILED`, `REQUEST_AGAIN`.
             */
            command: string;
            /** @description Joins the command with everything that it sets off; goes before the header. */
            correlationId?: string | null;
            /** @description Fields of the command; none when absent. */
            payload?: Record<string, unknown> | null;
        };
        /** @description A new customer. */
        NewCustomer: {
            /**
             * @description E-mail address.
             * @example anna@example.com
             */
            email?: string | null;
            /**
             * @description Your own id: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`. One is made when absent.
             * @example c-1
             */
            id?: string | null;
            /**
             * @description Where the customer is, up to 200 characters.
             * @example Basel
             */
            location?: string | null;
            /**
             * @description Full name, 1 to 200 characters.
             * @example Anna Meier
             */
            name: string;
        };
        /** @description A new order. */
        NewOrder: {
            /**
             * @description Who orders; need not be known yet.
             * @example c-1
             */
            customerId: string;
            /**
             * @description Your own id: 1 to 128 characters of `A-Z a-z 0-9 . _ : -`. One is made when absent.
             * @example o-17
             */
            id?: string | null;
            /**
             * Format: date-time
             * @description When it was ordered, not in the future; now when absent.
             * @example 2026-11-20T10:00:00Z
             */
            orderedAt?: string | null;
            /**
             * @description What is ordered, 1 to 2,000 characters; may have line breaks.
             * @example two CDs
             */
            text: string;
            /**
             * @description Value in EUR, above zero and below 10^13, with at most two decimals; a string, or a number.
             * @example 13.99
             */
            value: string;
        };
        /** @description Where a permission was given or withdrawn. */
        PermissionSource: {
            /**
             * @description Such as the name of a form, 1 to 200 characters.
             * @example newsletter form
             */
            source: string;
        };
        /** @description A problem (RFC 9457). */
        ProblemBody: {
            /**
             * @description Stable code for programs.
             * @example rule_violated
             */
            code: string;
            /** @description Joins the answer with logs and events. */
            correlationId: string;
            /**
             * @description What was wrong, and what to do.
             * @example the order is confirmed already
             */
            detail: string;
            /** @description What is wrong with which field. */
            errors?: components["schemas"]["FieldErrorBody"][] | null;
            /**
             * Format: int32
             * @description The status.
             * @example 409
             */
            status: number;
            /**
             * @description The status in words.
             * @example Conflict
             */
            title: string;
            /**
             * @description Kind of problem, as a URI.
             * @example urn:oneway:problem:rule_violated
             */
            type: string;
            /**
             * Format: int64
             * @description Current version of the aggregate; with 412.
             */
            version?: number | null;
        };
        /** @description Why a command was rejected. */
        RejectionBody: {
            /**
             * @description Stable code for programs.
             * @example rule_violated
             */
            code: string;
            /** @description One sentence for people. */
            message: string;
            /** @description JSON pointer to the field of the command. */
            pointer?: string | null;
        };
        /** @description The command is in the log, and has no outcome yet. */
        Taken: {
            /**
             * @description Aggregate type.
             * @example order
             */
            aggregate: string;
            /** @description Id of the aggregate. */
            aggregateId: string;
            /**
             * Format: uuid
             * @description Id of the command: ask for its outcome at `/v1/commands/{id}`.
             */
            commandId: string;
            /** @description Joins the command with everything that it sets off. */
            correlationId: string;
            /**
             * @description Always `pending`.
             * @example pending
             */
            status: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    sendCommand: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for this command, up to 200 visible ASCII characters, bare or quoted; a UUID
                 *     is taken as the command's id. Sending the command again under the same key changes nothing
                 *     more and gives the answer of the first time.
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The version (`ETag`) that the aggregate must have, such as `"3"`; with another one the
                 *     command is refused with 412.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 as soon as the command is in the log. `wait=5`: wait up to 5
                 *     seconds for the outcome, then answer 202.
                 * @example wait=5
                 */
                Prefer?: string;
                /**
                 * @description Joins the command with everything that it sets off, up to 128 visible ASCII characters.
                 *     Comes back with every answer; when absent it is the command's id.
                 */
                "X-Correlation-Id"?: string;
                /**
                 * @description Where your own span is (W3C Trace Context): what the command sets off joins its trace, where
                 *     traces are recorded. One that is malformed counts as none.
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["GenericCommand"];
            };
        };
        responses: {
            /** @description Accepted */
            200: {
                headers: {
                    /** @description What a query is to be sent with, to see this change */
                    "oneway-token"?: string;
                    [name: string]: unknown;
                };
                content: {
                    /** @example OK */
                    "text/plain": string;
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            /** @description In the log, and not decided yet; `Location` says where to ask. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Taken"];
                };
            };
            /** @description The body is no JSON, or a header is malformed (`malformed`, `malformed_header`). */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A token is needed, or it is not valid (`no_token`, `invalid_token`). */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The token's roles do not have the `right` (`forbidden`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description There is no such aggregate (`not_found`). */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The state of the aggregate forbids it (`already_exists`, `rule_violated`). */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description The aggregate has another version than `If-Match` says; `version` and `ETag` tell which
             *     (`version_mismatch`).
             */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is too large (`too_large`). */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is not declared as JSON (`unsupported_media_type`). */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description A field is missing or wrong, `errors` says which (`invalid`); or the `Idempotency-Key`
             *     belongs to another command (`command_id_reused`).
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests in a short time (`too_many_requests`). */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description Try again after `Retry-After` seconds. Not in the log: `overloaded`, `kafka_unavailable`.
             *     In the log or not: `outcome_unknown`.
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    commandStatus: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description Id of the command, or the `Idempotency-Key` that it was sent with */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Its outcome, or that it has none yet */
            200: {
                headers: {
                    /** @description What a query is to be sent with, to see this change */
                    "oneway-token"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CommandStatus"];
                };
            };
            /** @description There is no such command in the log */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The log could not be searched in time; try again after `Retry-After` seconds */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    createCustomer: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for this command, up to 200 visible ASCII characters, bare or quoted; a UUID
                 *     is taken as the command's id. Sending the command again under the same key changes nothing
                 *     more and gives the answer of the first time.
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The version (`ETag`) that the aggregate must have, such as `"3"`; with another one the
                 *     command is refused with 412.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 as soon as the command is in the log. `wait=5`: wait up to 5
                 *     seconds for the outcome, then answer 202.
                 * @example wait=5
                 */
                Prefer?: string;
                /**
                 * @description Joins the command with everything that it sets off, up to 128 visible ASCII characters.
                 *     Comes back with every answer; when absent it is the command's id.
                 */
                "X-Correlation-Id"?: string;
                /**
                 * @description Where your own span is (W3C Trace Context): what the command sets off joins its trace, where
                 *     traces are recorded. One that is malformed counts as none.
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewCustomer"];
            };
        };
        responses: {
            /** @description Created */
            201: {
                headers: {
                    /** @description Version of the customer */
                    ETag?: string;
                    /** @description `/v1/customers/{id}` */
                    Location?: string;
                    /** @description What a query is to be sent with, to see this change */
                    "oneway-token"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            /** @description In the log, and not decided yet; `Location` says where to ask. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Taken"];
                };
            };
            /** @description The body is no JSON, or a header is malformed (`malformed`, `malformed_header`). */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A token is needed, or it is not valid (`no_token`, `invalid_token`). */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The token's roles do not have the `right` (`forbidden`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description There is no such aggregate (`not_found`). */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The state of the aggregate forbids it (`already_exists`, `rule_violated`). */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description The aggregate has another version than `If-Match` says; `version` and `ETag` tell which
             *     (`version_mismatch`).
             */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is too large (`too_large`). */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is not declared as JSON (`unsupported_media_type`). */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description A field is missing or wrong, `errors` says which (`invalid`); or the `Idempotency-Key`
             *     belongs to another command (`command_id_reused`).
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests in a short time (`too_many_requests`). */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description Try again after `Retry-After` seconds. Not in the log: `overloaded`, `kafka_unavailable`.
             *     In the log or not: `outcome_unknown`.
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    updateCustomer: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for this command, up to 200 visible ASCII characters, bare or quoted; a UUID
                 *     is taken as the command's id. Sending the command again under the same key changes nothing
                 *     more and gives the answer of the first time.
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The version (`ETag`) that the aggregate must have, such as `"3"`; with another one the
                 *     command is refused with 412.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 as soon as the command is in the log. `wait=5`: wait up to 5
                 *     seconds for the outcome, then answer 202.
                 * @example wait=5
                 */
                Prefer?: string;
                /**
                 * @description Joins the command with everything that it sets off, up to 128 visible ASCII characters.
                 *     Comes back with every answer; when absent it is the command's id.
                 */
                "X-Correlation-Id"?: string;
                /**
                 * @description Where your own span is (W3C Trace Context): what the command sets off joins its trace, where
                 *     traces are recorded. One that is malformed counts as none.
                 */
                traceparent?: string;
            };
            path: {
                /** @description Id of the customer */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CustomerData"];
            };
        };
        responses: {
            /** @description Replaced, or the same as before */
            200: {
                headers: {
                    /** @description Version of the customer */
                    ETag?: string;
                    /** @description What a query is to be sent with, to see this change */
                    "oneway-token"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            /** @description In the log, and not decided yet; `Location` says where to ask. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Taken"];
                };
            };
            /** @description The body is no JSON, or a header is malformed (`malformed`, `malformed_header`). */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A token is needed, or it is not valid (`no_token`, `invalid_token`). */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The token's roles do not have the `right` (`forbidden`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description There is no such aggregate (`not_found`). */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The state of the aggregate forbids it (`already_exists`, `rule_violated`). */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description The aggregate has another version than `If-Match` says; `version` and `ETag` tell which
             *     (`version_mismatch`).
             */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is too large (`too_large`). */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is not declared as JSON (`unsupported_media_type`). */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description A field is missing or wrong, `errors` says which (`invalid`); or the `Idempotency-Key`
             *     belongs to another command (`command_id_reused`).
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests in a short time (`too_many_requests`). */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description Try again after `Retry-After` seconds. Not in the log: `overloaded`, `kafka_unavailable`.
             *     In the log or not: `outcome_unknown`.
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    grantEmailPermission: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for this command, up to 200 visible ASCII characters, bare or quoted; a UUID
                 *     is taken as the command's id. Sending the command again under the same key changes nothing
                 *     more and gives the answer of the first time.
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The version (`ETag`) that the aggregate must have, such as `"3"`; with another one the
                 *     command is refused with 412.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 as soon as the command is in the log. `wait=5`: wait up to 5
                 *     seconds for the outcome, then answer 202.
                 * @example wait=5
                 */
                Prefer?: string;
                /**
                 * @description Joins the command with everything that it sets off, up to 128 visible ASCII characters.
                 *     Comes back with every answer; when absent it is the command's id.
                 */
                "X-Correlation-Id"?: string;
                /**
                 * @description Where your own span is (W3C Trace Context): what the command sets off joins its trace, where
                 *     traces are recorded. One that is malformed counts as none.
                 */
                traceparent?: string;
            };
            path: {
                /** @description Id of the customer */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PermissionSource"];
            };
        };
        responses: {
            /** @description Allowed, now or before */
            200: {
                headers: {
                    /** @description What a query is to be sent with, to see this change */
                    "oneway-token"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            /** @description In the log, and not decided yet; `Location` says where to ask. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Taken"];
                };
            };
            /** @description The body is no JSON, or a header is malformed (`malformed`, `malformed_header`). */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A token is needed, or it is not valid (`no_token`, `invalid_token`). */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The token's roles do not have the `right` (`forbidden`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description There is no such aggregate (`not_found`). */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The state of the aggregate forbids it (`already_exists`, `rule_violated`). */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description The aggregate has another version than `If-Match` says; `version` and `ETag` tell which
             *     (`version_mismatch`).
             */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is too large (`too_large`). */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is not declared as JSON (`unsupported_media_type`). */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description A field is missing or wrong, `errors` says which (`invalid`); or the `Idempotency-Key`
             *     belongs to another command (`command_id_reused`).
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests in a short time (`too_many_requests`). */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description Try again after `Retry-After` seconds. Not in the log: `overloaded`, `kafka_unavailable`.
             *     In the log or not: `outcome_unknown`.
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    withdrawEmailPermission: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for this command, up to 200 visible ASCII characters, bare or quoted; a UUID
                 *     is taken as the command's id. Sending the command again under the same key changes nothing
                 *     more and gives the answer of the first time.
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The version (`ETag`) that the aggregate must have, such as `"3"`; with another one the
                 *     command is refused with 412.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 as soon as the command is in the log. `wait=5`: wait up to 5
                 *     seconds for the outcome, then answer 202.
                 * @example wait=5
                 */
                Prefer?: string;
                /**
                 * @description Joins the command with everything that it sets off, up to 128 visible ASCII characters.
                 *     Comes back with every answer; when absent it is the command's id.
                 */
                "X-Correlation-Id"?: string;
                /**
                 * @description Where your own span is (W3C Trace Context): what the command sets off joins its trace, where
                 *     traces are recorded. One that is malformed counts as none.
                 */
                traceparent?: string;
            };
            path: {
                /** @description Id of the customer */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PermissionSource"];
            };
        };
        responses: {
            /** @description Not allowed, now or before */
            200: {
                headers: {
                    /** @description What a query is to be sent with, to see this change */
                    "oneway-token"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            /** @description In the log, and not decided yet; `Location` says where to ask. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Taken"];
                };
            };
            /** @description The body is no JSON, or a header is malformed (`malformed`, `malformed_header`). */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A token is needed, or it is not valid (`no_token`, `invalid_token`). */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The token's roles do not have the `right` (`forbidden`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description There is no such aggregate (`not_found`). */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The state of the aggregate forbids it (`already_exists`, `rule_violated`). */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description The aggregate has another version than `If-Match` says; `version` and `ETag` tell which
             *     (`version_mismatch`).
             */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is too large (`too_large`). */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is not declared as JSON (`unsupported_media_type`). */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description A field is missing or wrong, `errors` says which (`invalid`); or the `Idempotency-Key`
             *     belongs to another command (`command_id_reused`).
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests in a short time (`too_many_requests`). */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description Try again after `Retry-After` seconds. Not in the log: `overloaded`, `kafka_unavailable`.
             *     In the log or not: `outcome_unknown`.
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    createOrder: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for this command, up to 200 visible ASCII characters, bare or quoted; a UUID
                 *     is taken as the command's id. Sending the command again under the same key changes nothing
                 *     more and gives the answer of the first time.
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The version (`ETag`) that the aggregate must have, such as `"3"`; with another one the
                 *     command is refused with 412.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 as soon as the command is in the log. `wait=5`: wait up to 5
                 *     seconds for the outcome, then answer 202.
                 * @example wait=5
                 */
                Prefer?: string;
                /**
                 * @description Joins the command with everything that it sets off, up to 128 visible ASCII characters.
                 *     Comes back with every answer; when absent it is the command's id.
                 */
                "X-Correlation-Id"?: string;
                /**
                 * @description Where your own span is (W3C Trace Context): what the command sets off joins its trace, where
                 *     traces are recorded. One that is malformed counts as none.
                 */
                traceparent?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewOrder"];
            };
        };
        responses: {
            /** @description Placed */
            201: {
                headers: {
                    /** @description Version of the order */
                    ETag?: string;
                    /** @description `/v1/orders/{id}` */
                    Location?: string;
                    /** @description What a query is to be sent with, to see this change */
                    "oneway-token"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            /** @description In the log, and not decided yet; `Location` says where to ask. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Taken"];
                };
            };
            /** @description The body is no JSON, or a header is malformed (`malformed`, `malformed_header`). */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A token is needed, or it is not valid (`no_token`, `invalid_token`). */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The token's roles do not have the `right` (`forbidden`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description There is no such aggregate (`not_found`). */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The state of the aggregate forbids it (`already_exists`, `rule_violated`). */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description The aggregate has another version than `If-Match` says; `version` and `ETag` tell which
             *     (`version_mismatch`).
             */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is too large (`too_large`). */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is not declared as JSON (`unsupported_media_type`). */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description A field is missing or wrong, `errors` says which (`invalid`); or the `Idempotency-Key`
             *     belongs to another command (`command_id_reused`).
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests in a short time (`too_many_requests`). */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description Try again after `Retry-After` seconds. Not in the log: `overloaded`, `kafka_unavailable`.
             *     In the log or not: `outcome_unknown`.
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
    confirmOrder: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description Your own name for this command, up to 200 visible ASCII characters, bare or quoted; a UUID
                 *     is taken as the command's id. Sending the command again under the same key changes nothing
                 *     more and gives the answer of the first time.
                 */
                "Idempotency-Key"?: string;
                /**
                 * @description The version (`ETag`) that the aggregate must have, such as `"3"`; with another one the
                 *     command is refused with 412.
                 * @example "3"
                 */
                "If-Match"?: string;
                /**
                 * @description `respond-async`: answer 202 as soon as the command is in the log. `wait=5`: wait up to 5
                 *     seconds for the outcome, then answer 202.
                 * @example wait=5
                 */
                Prefer?: string;
                /**
                 * @description Joins the command with everything that it sets off, up to 128 visible ASCII characters.
                 *     Comes back with every answer; when absent it is the command's id.
                 */
                "X-Correlation-Id"?: string;
                /**
                 * @description Where your own span is (W3C Trace Context): what the command sets off joins its trace, where
                 *     traces are recorded. One that is malformed counts as none.
                 */
                traceparent?: string;
            };
            path: {
                /** @description Id of the order */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Confirmed */
            200: {
                headers: {
                    /** @description Version of the order */
                    ETag?: string;
                    /** @description What a query is to be sent with, to see this change */
                    "oneway-token"?: string;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Accepted"];
                };
            };
            /** @description In the log, and not decided yet; `Location` says where to ask. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Taken"];
                };
            };
            /** @description The body is no JSON, or a header is malformed (`malformed`, `malformed_header`). */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A token is needed, or it is not valid (`no_token`, `invalid_token`). */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The token's roles do not have the `right` (`forbidden`). */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description There is no such aggregate (`not_found`). */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The state of the aggregate forbids it (`already_exists`, `rule_violated`). */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description The aggregate has another version than `If-Match` says; `version` and `ETag` tell which
             *     (`version_mismatch`).
             */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is too large (`too_large`). */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description The body is not declared as JSON (`unsupported_media_type`). */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description A field is missing or wrong, `errors` says which (`invalid`); or the `Idempotency-Key`
             *     belongs to another command (`command_id_reused`).
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests in a short time (`too_many_requests`). */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /**
             * @description Try again after `Retry-After` seconds. Not in the log: `overloaded`, `kafka_unavailable`.
             *     In the log or not: `outcome_unknown`.
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
        };
    };
}
