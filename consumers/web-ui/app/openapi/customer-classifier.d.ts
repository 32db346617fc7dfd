// Made by `npm run generate` from the document beside it.

export interface paths {
    "/v1/classifications": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The `oneway-token` of an answer to a command, or several, in one header with commas or in
                 *     several: the query is answered when the read model has applied what those commands caused.
                 * @example 1~order.commands.3.1234
                 */
                "oneway-token"?: string;
                /**
                 * @description `wait=5`: wait up to 5 seconds for what the token names (at most 25), then answer 503.
                 * @example wait=5
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        /** The customers with their classes, by customer id. */
        get: operations["list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/classifications/summary": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The `oneway-token` of an answer to a command, or several, in one header with commas or in
                 *     several: the query is answered when the read model has applied what those commands caused.
                 * @example 1~order.commands.3.1234
                 */
                "oneway-token"?: string;
                /**
                 * @description `wait=5`: wait up to 5 seconds for what the token names (at most 25), then answer 503.
                 * @example wait=5
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        /** How many customers there are of each class, and whether all are counted by the present rule. */
        get: operations["summary"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/classifications/{customerId}": {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The `oneway-token` of an answer to a command, or several, in one header with commas or in
                 *     several: the query is answered when the read model has applied what those commands caused.
                 * @example 1~order.commands.3.1234
                 */
                "oneway-token"?: string;
                /**
                 * @description `wait=5`: wait up to 5 seconds for what the token names (at most 25), then answer 503.
                 * @example wait=5
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        /** The class of one customer, with its history. */
        get: operations["one"];
        put?: never;
        post?: never;
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
        /** @description A change of a customer's class. */
        Change: {
            /**
             * @description The class from then on.
             * @example B
             */
            class: string;
            /**
             * Format: int64
             * @description Their number.
             */
            confirmedOrders: number;
            /**
             * @description Sum of the confirmed orders in the window, in EUR: the figure that decided.
             * @example 1234.50
             */
            confirmedRevenue: string;
            /**
             * Format: date-time
             * @description When the rule was applied.
             */
            evaluatedAt: string;
            /**
             * @description The class until then; null for the first.
             * @example C
             */
            previousClass?: string | null;
            /**
             * @description Why the class was looked at: `first`, `order_confirmed`, `aged_out` or `rule_changed`; null
             *     for changes of before there were reasons.
             * @example order_confirmed
             */
            reason?: string | null;
            /**
             * @description The rule that decided.
             * @example a=10000.00,b=1000.00,window=365d
             */
            ruleVersion: string;
            /**
             * Format: int64
             * @description Its number among those of the customer: `ce_sequence` of the event.
             */
            sequence: number;
            /**
             * Format: int32
             * @description Length of the window in days; null when all orders counted.
             * @example 365
             */
            windowDays?: number | null;
        };
        /** @description A customer's class. */
        Classification: {
            /**
             * @description The class.
             * @example B
             */
            class: string;
            /**
             * Format: date-time
             * @description When the class last changed.
             */
            classifiedAt: string;
            /**
             * Format: int64
             * @description Their number.
             */
            confirmedOrders: number;
            /**
             * @description Sum of the confirmed orders in the window, in EUR.
             * @example 1234.50
             */
            confirmedRevenue: string;
            /**
             * @description Id of the customer.
             * @example 00004
             */
            customerId: string;
            /**
             * @description The rule by which they are counted.
             * @example a=10000.00,b=1000.00,window=365d
             */
            ruleVersion: string;
            /**
             * Format: int64
             * @description How many times the class was published: `ce_sequence` of the last event.
             */
            sequence: number;
        };
        /** @description How far the read model is behind one position of a token. */
        Lag: {
            /**
             * Format: int64
             * @description The offset up to which the read model has applied what is there, or was made by what is
             *     there; null when that is nothing.
             * @example 1200
             */
            applied?: number | null;
            /**
             * Format: int64
             * @description How many offsets are missing.
             * @example 34
             */
            behind: number;
            /**
             * Format: int32
             * @description Its partition.
             * @example 3
             */
            partition: number;
            /**
             * @description The topic of the position.
             * @example order.commands
             */
            topic: string;
            /**
             * Format: int64
             * @description Its offset.
             * @example 1234
             */
            wanted: number;
        };
        /** @description A page of a list. */
        Page_Classification: {
            /** @description Its rows. */
            items: {
                /**
                 * @description The class.
                 * @example B
                 */
                class: string;
                /**
                 * Format: date-time
                 * @description When the class last changed.
                 */
                classifiedAt: string;
                /**
                 * Format: int64
                 * @description Their number.
                 */
                confirmedOrders: number;
                /**
                 * @description Sum of the confirmed orders in the window, in EUR.
                 * @example 1234.50
                 */
                confirmedRevenue: string;
                /**
                 * @description Id of the customer.
                 * @example 00004
                 */
                customerId: string;
                /**
                 * @description The rule by which they are counted.
                 * @example a=10000.00,b=1000.00,window=365d
                 */
                ruleVersion: string;
                /**
                 * Format: int64
                 * @description How many times the class was published: `ce_sequence` of the last event.
                 */
                sequence: number;
            }[];
            /** @description The `cursor` of the next page; absent on the last. */
            next?: string | null;
        };
        /** @description A problem (RFC 9457), for descriptions. */
        ProblemBody: {
            /**
             * @description Stable code for programs.
             * @example not_found
             */
            code: string;
            /** @description Joins the answer with logs and events. */
            correlationId?: string | null;
            /** @description What was wrong, and what to do. */
            detail: string;
            /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
            lag?: components["schemas"]["Lag"][] | null;
            /**
             * Format: int32
             * @description The status.
             * @example 404
             */
            status: number;
            /**
             * @description The status in words.
             * @example Not Found
             */
            title: string;
            /**
             * @description Kind of problem, as a URI.
             * @example urn:oneway:problem:not_found
             */
            type: string;
        };
        /** @description How many customers there are of each class, and by which rule. */
        Summary: {
            /**
             * Format: int64
             * @description The best customers.
             */
            A: number;
            /**
             * Format: int64
             * @description Good customers.
             */
            B: number;
            /**
             * Format: int64
             * @description Everybody else.
             */
            C: number;
            /**
             * Format: int64
             * @description Customers that are still counted by another rule: while it is not 0 after a change of the
             *     rule, classes are being made anew.
             */
            pending: number;
            /**
             * @description The rule of the instance that answers.
             * @example a=10000.00,b=1000.00,window=365d
             */
            ruleVersion: string;
            /**
             * Format: int64
             * @description All of them.
             */
            total: number;
        };
        /** @description A customer's class, and how it came to it. */
        WithHistory: components["schemas"]["Classification"] & {
            /**
             * @description The changes as they are in the log, the newest first, at most 1,000. The last one may come
             *     a moment after the class itself.
             */
            history: components["schemas"]["Change"][];
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
    list: {
        parameters: {
            query: {
                /** @description Most customers on the page: 1 to 500, otherwise 50. */
                limit?: number;
                /** @description Where the page starts: `next` of the page before. */
                cursor?: string;
                /**
                 * @description Only customers of this class.
                 * @example A
                 */
                class: string;
            };
            header?: {
                /**
                 * @description The `oneway-token` of an answer to a command, or several, in one header with commas or in
                 *     several: the query is answered when the read model has applied what those commands caused.
                 * @example 1~order.commands.3.1234
                 */
                "oneway-token"?: string;
                /**
                 * @description `wait=5`: wait up to 5 seconds for what the token names (at most 25), then answer 503.
                 * @example wait=5
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of classifications */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Classification"];
                };
            };
            /** @description An argument is malformed */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description A token of who asks is needed, or it is not valid (`no_token`, `invalid_token`) */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /**
                         * @description Stable code for programs.
                         * @example not_found
                         */
                        code: string;
                        /** @description Joins the answer with logs and events. */
                        correlationId?: string | null;
                        /** @description What was wrong, and what to do. */
                        detail: string;
                        /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
                        lag?: components["schemas"]["Lag"][] | null;
                        /**
                         * Format: int32
                         * @description The status.
                         * @example 404
                         */
                        status: number;
                        /**
                         * @description The status in words.
                         * @example Not Found
                         */
                        title: string;
                        /**
                         * @description Kind of problem, as a URI.
                         * @example urn:oneway:problem:not_found
                         */
                        type: string;
                    };
                };
            };
            /** @description The roles of who asks do not have the `right` (`forbidden`) */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /**
                         * @description Stable code for programs.
                         * @example not_found
                         */
                        code: string;
                        /** @description Joins the answer with logs and events. */
                        correlationId?: string | null;
                        /** @description What was wrong, and what to do. */
                        detail: string;
                        /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
                        lag?: components["schemas"]["Lag"][] | null;
                        /**
                         * Format: int32
                         * @description The status.
                         * @example 404
                         */
                        status: number;
                        /**
                         * @description The status in words.
                         * @example Not Found
                         */
                        title: string;
                        /**
                         * @description Kind of problem, as a URI.
                         * @example urn:oneway:problem:not_found
                         */
                        type: string;
                    };
                };
            };
            /** @description Too many requests in a short time (`too_many_requests`) */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /**
                         * @description Stable code for programs.
                         * @example not_found
                         */
                        code: string;
                        /** @description Joins the answer with logs and events. */
                        correlationId?: string | null;
                        /** @description What was wrong, and what to do. */
                        detail: string;
                        /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
                        lag?: components["schemas"]["Lag"][] | null;
                        /**
                         * Format: int32
                         * @description The status.
                         * @example 404
                         */
                        status: number;
                        /**
                         * @description The status in words.
                         * @example Not Found
                         */
                        title: string;
                        /**
                         * @description Kind of problem, as a URI.
                         * @example urn:oneway:problem:not_found
                         */
                        type: string;
                    };
                };
            };
            /**
             * @description The read model has not applied what the token names (`not_applied_yet`, with the `lag`), or
             *     cannot be read; `Retry-After` says when to ask again
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /**
                         * @description Stable code for programs.
                         * @example not_found
                         */
                        code: string;
                        /** @description Joins the answer with logs and events. */
                        correlationId?: string | null;
                        /** @description What was wrong, and what to do. */
                        detail: string;
                        /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
                        lag?: components["schemas"]["Lag"][] | null;
                        /**
                         * Format: int32
                         * @description The status.
                         * @example 404
                         */
                        status: number;
                        /**
                         * @description The status in words.
                         * @example Not Found
                         */
                        title: string;
                        /**
                         * @description Kind of problem, as a URI.
                         * @example urn:oneway:problem:not_found
                         */
                        type: string;
                    };
                };
            };
        };
    };
    summary: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The `oneway-token` of an answer to a command, or several, in one header with commas or in
                 *     several: the query is answered when the read model has applied what those commands caused.
                 * @example 1~order.commands.3.1234
                 */
                "oneway-token"?: string;
                /**
                 * @description `wait=5`: wait up to 5 seconds for what the token names (at most 25), then answer 503.
                 * @example wait=5
                 */
                Prefer?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The numbers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Summary"];
                };
            };
            /** @description The token is malformed */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /**
                         * @description Stable code for programs.
                         * @example not_found
                         */
                        code: string;
                        /** @description Joins the answer with logs and events. */
                        correlationId?: string | null;
                        /** @description What was wrong, and what to do. */
                        detail: string;
                        /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
                        lag?: components["schemas"]["Lag"][] | null;
                        /**
                         * Format: int32
                         * @description The status.
                         * @example 404
                         */
                        status: number;
                        /**
                         * @description The status in words.
                         * @example Not Found
                         */
                        title: string;
                        /**
                         * @description Kind of problem, as a URI.
                         * @example urn:oneway:problem:not_found
                         */
                        type: string;
                    };
                };
            };
            /** @description A token of who asks is needed, or it is not valid (`no_token`, `invalid_token`) */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /**
                         * @description Stable code for programs.
                         * @example not_found
                         */
                        code: string;
                        /** @description Joins the answer with logs and events. */
                        correlationId?: string | null;
                        /** @description What was wrong, and what to do. */
                        detail: string;
                        /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
                        lag?: components["schemas"]["Lag"][] | null;
                        /**
                         * Format: int32
                         * @description The status.
                         * @example 404
                         */
                        status: number;
                        /**
                         * @description The status in words.
                         * @example Not Found
                         */
                        title: string;
                        /**
                         * @description Kind of problem, as a URI.
                         * @example urn:oneway:problem:not_found
                         */
                        type: string;
                    };
                };
            };
            /** @description The roles of who asks do not have the `right` (`forbidden`) */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /**
                         * @description Stable code for programs.
                         * @example not_found
                         */
                        code: string;
                        /** @description Joins the answer with logs and events. */
                        correlationId?: string | null;
                        /** @description What was wrong, and what to do. */
                        detail: string;
                        /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
                        lag?: components["schemas"]["Lag"][] | null;
                        /**
                         * Format: int32
                         * @description The status.
                         * @example 404
                         */
                        status: number;
                        /**
                         * @description The status in words.
                         * @example Not Found
                         */
                        title: string;
                        /**
                         * @description Kind of problem, as a URI.
                         * @example urn:oneway:problem:not_found
                         */
                        type: string;
                    };
                };
            };
            /** @description Too many requests in a short time (`too_many_requests`) */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /**
                         * @description Stable code for programs.
                         * @example not_found
                         */
                        code: string;
                        /** @description Joins the answer with logs and events. */
                        correlationId?: string | null;
                        /** @description What was wrong, and what to do. */
                        detail: string;
                        /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
                        lag?: components["schemas"]["Lag"][] | null;
                        /**
                         * Format: int32
                         * @description The status.
                         * @example 404
                         */
                        status: number;
                        /**
                         * @description The status in words.
                         * @example Not Found
                         */
                        title: string;
                        /**
                         * @description Kind of problem, as a URI.
                         * @example urn:oneway:problem:not_found
                         */
                        type: string;
                    };
                };
            };
            /**
             * @description The read model has not applied what the token names (`not_applied_yet`, with the `lag`), or
             *     cannot be read; `Retry-After` says when to ask again
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /**
                         * @description Stable code for programs.
                         * @example not_found
                         */
                        code: string;
                        /** @description Joins the answer with logs and events. */
                        correlationId?: string | null;
                        /** @description What was wrong, and what to do. */
                        detail: string;
                        /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
                        lag?: components["schemas"]["Lag"][] | null;
                        /**
                         * Format: int32
                         * @description The status.
                         * @example 404
                         */
                        status: number;
                        /**
                         * @description The status in words.
                         * @example Not Found
                         */
                        title: string;
                        /**
                         * @description Kind of problem, as a URI.
                         * @example urn:oneway:problem:not_found
                         */
                        type: string;
                    };
                };
            };
        };
    };
    one: {
        parameters: {
            query?: never;
            header?: {
                /**
                 * @description The `oneway-token` of an answer to a command, or several, in one header with commas or in
                 *     several: the query is answered when the read model has applied what those commands caused.
                 * @example 1~order.commands.3.1234
                 */
                "oneway-token"?: string;
                /**
                 * @description `wait=5`: wait up to 5 seconds for what the token names (at most 25), then answer 503.
                 * @example wait=5
                 */
                Prefer?: string;
            };
            path: {
                /** @description Id of the customer */
                customerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The class; its `sequence` is the `ETag`, once the history has it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WithHistory"];
                };
            };
            /** @description The token is malformed */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /**
                         * @description Stable code for programs.
                         * @example not_found
                         */
                        code: string;
                        /** @description Joins the answer with logs and events. */
                        correlationId?: string | null;
                        /** @description What was wrong, and what to do. */
                        detail: string;
                        /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
                        lag?: components["schemas"]["Lag"][] | null;
                        /**
                         * Format: int32
                         * @description The status.
                         * @example 404
                         */
                        status: number;
                        /**
                         * @description The status in words.
                         * @example Not Found
                         */
                        title: string;
                        /**
                         * @description Kind of problem, as a URI.
                         * @example urn:oneway:problem:not_found
                         */
                        type: string;
                    };
                };
            };
            /** @description A token of who asks is needed, or it is not valid (`no_token`, `invalid_token`) */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /**
                         * @description Stable code for programs.
                         * @example not_found
                         */
                        code: string;
                        /** @description Joins the answer with logs and events. */
                        correlationId?: string | null;
                        /** @description What was wrong, and what to do. */
                        detail: string;
                        /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
                        lag?: components["schemas"]["Lag"][] | null;
                        /**
                         * Format: int32
                         * @description The status.
                         * @example 404
                         */
                        status: number;
                        /**
                         * @description The status in words.
                         * @example Not Found
                         */
                        title: string;
                        /**
                         * @description Kind of problem, as a URI.
                         * @example urn:oneway:problem:not_found
                         */
                        type: string;
                    };
                };
            };
            /** @description The roles of who asks do not have the `right` (`forbidden`) */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /**
                         * @description Stable code for programs.
                         * @example not_found
                         */
                        code: string;
                        /** @description Joins the answer with logs and events. */
                        correlationId?: string | null;
                        /** @description What was wrong, and what to do. */
                        detail: string;
                        /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
                        lag?: components["schemas"]["Lag"][] | null;
                        /**
                         * Format: int32
                         * @description The status.
                         * @example 404
                         */
                        status: number;
                        /**
                         * @description The status in words.
                         * @example Not Found
                         */
                        title: string;
                        /**
                         * @description Kind of problem, as a URI.
                         * @example urn:oneway:problem:not_found
                         */
                        type: string;
                    };
                };
            };
            /** @description The customer is not known */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
                };
            };
            /** @description Too many requests in a short time (`too_many_requests`) */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /**
                         * @description Stable code for programs.
                         * @example not_found
                         */
                        code: string;
                        /** @description Joins the answer with logs and events. */
                        correlationId?: string | null;
                        /** @description What was wrong, and what to do. */
                        detail: string;
                        /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
                        lag?: components["schemas"]["Lag"][] | null;
                        /**
                         * Format: int32
                         * @description The status.
                         * @example 404
                         */
                        status: number;
                        /**
                         * @description The status in words.
                         * @example Not Found
                         */
                        title: string;
                        /**
                         * @description Kind of problem, as a URI.
                         * @example urn:oneway:problem:not_found
                         */
                        type: string;
                    };
                };
            };
            /**
             * @description The read model has not applied what the token names (`not_applied_yet`, with the `lag`), or
             *     cannot be read; `Retry-After` says when to ask again
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": {
                        /**
                         * @description Stable code for programs.
                         * @example not_found
                         */
                        code: string;
                        /** @description Joins the answer with logs and events. */
                        correlationId?: string | null;
                        /** @description What was wrong, and what to do. */
                        detail: string;
                        /** @description How far the read model is behind a token; with 503 `not_applied_yet`. */
                        lag?: components["schemas"]["Lag"][] | null;
                        /**
                         * Format: int32
                         * @description The status.
                         * @example 404
                         */
                        status: number;
                        /**
                         * @description The status in words.
                         * @example Not Found
                         */
                        title: string;
                        /**
                         * @description Kind of problem, as a URI.
                         * @example urn:oneway:problem:not_found
                         */
                        type: string;
                    };
                };
            };
        };
    };
}
