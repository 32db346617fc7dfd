// Made by `npm run generate` from the document beside it.

export interface paths {
    "/query/{readModel}/{resolver}": {
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
        /** Ask a resolver, with its arguments in the query string. */
        get: operations["getResolver"];
        put?: never;
        /** Ask a resolver, with its arguments as a JSON object; none when the body is empty. */
        post: operations["postResolver"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/confirmation-requests": {
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
        /** The requests to confirm an order, newest first. */
        get: operations["listConfirmationRequests"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orders": {
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
        /** The orders, newest first. */
        get: operations["list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/orders/{id}": {
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
        /** One order. */
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
        /** @description A request to confirm an order. */
        ConfirmationRequest: {
            /**
             * Format: date-time
             * @description When the order was confirmed; null while the request is open.
             */
            confirmedAt?: string | null;
            /**
             * @description Who ordered.
             * @example 00004
             */
            customerId: string;
            /** @description The customer's name; null while the customer is not known. */
            customerName?: string | null;
            /** @description Id of the order. */
            orderId: string;
            /**
             * Format: date-time
             * @description Since when a person was asked.
             */
            requestedAt: string;
            /** @description Where the order stands. */
            status: components["schemas"]["Status"];
            /** @description What was ordered. */
            text: string;
            /**
             * @description Value in EUR.
             * @example 1500.00
             */
            value: string;
            /**
             * Format: int64
             * @description Version of the order: for `If-Match` of the command API.
             */
            version: number;
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
        /** @description An order. */
        Order: {
            /**
             * @description Who ordered.
             * @example 00004
             */
            customerId: string;
            /** @description The customer's name; null while the customer is not known. */
            customerName?: string | null;
            /** @description Its id. */
            id: string;
            /**
             * Format: date-time
             * @description When it was ordered.
             */
            orderedAt: string;
            /** @description Where it stands. */
            status: components["schemas"]["Status"];
            /** @description What was ordered. */
            text: string;
            /**
             * Format: date-time
             * @description When anything last changed.
             */
            updatedAt: string;
            usd?: components["schemas"]["Usd"] | null;
            /**
             * @description Value in EUR.
             * @example 13.99
             */
            value: string;
            /**
             * Format: int64
             * @description Version of the order: for `If-Match` of the command API.
             */
            version: number;
        };
        /** @description A page of a list. */
        Page_ConfirmationRequest: {
            /** @description Its rows. */
            items: {
                /**
                 * Format: date-time
                 * @description When the order was confirmed; null while the request is open.
                 */
                confirmedAt?: string | null;
                /**
                 * @description Who ordered.
                 * @example 00004
                 */
                customerId: string;
                /** @description The customer's name; null while the customer is not known. */
                customerName?: string | null;
                /** @description Id of the order. */
                orderId: string;
                /**
                 * Format: date-time
                 * @description Since when a person was asked.
                 */
                requestedAt: string;
                /** @description Where the order stands. */
                status: components["schemas"]["Status"];
                /** @description What was ordered. */
                text: string;
                /**
                 * @description Value in EUR.
                 * @example 1500.00
                 */
                value: string;
                /**
                 * Format: int64
                 * @description Version of the order: for `If-Match` of the command API.
                 */
                version: number;
            }[];
            /** @description The `cursor` of the next page; absent on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_Order: {
            /** @description Its rows. */
            items: {
                /**
                 * @description Who ordered.
                 * @example 00004
                 */
                customerId: string;
                /** @description The customer's name; null while the customer is not known. */
                customerName?: string | null;
                /** @description Its id. */
                id: string;
                /**
                 * Format: date-time
                 * @description When it was ordered.
                 */
                orderedAt: string;
                /** @description Where it stands. */
                status: components["schemas"]["Status"];
                /** @description What was ordered. */
                text: string;
                /**
                 * Format: date-time
                 * @description When anything last changed.
                 */
                updatedAt: string;
                usd?: components["schemas"]["Usd"] | null;
                /**
                 * @description Value in EUR.
                 * @example 13.99
                 */
                value: string;
                /**
                 * Format: int64
                 * @description Version of the order: for `If-Match` of the command API.
                 */
                version: number;
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
        /**
         * @description Where an order stands.
         * @enum {string}
         */
        Status: "new" | "unconfirmed" | "confirmed";
        /** @description The value of an order in USD. */
        Usd: {
            /**
             * @description USD for one EUR.
             * @example 1.0850
             */
            rate: string;
            /**
             * Format: date-time
             * @description Start of the day whose rate was used.
             */
            rateAt: string;
            /**
             * @description Value in USD.
             * @example 15.18
             */
            value: string;
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
    getResolver: {
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
                /** @description Name of the read model */
                readModel: string;
                /** @description Name of the resolver */
                resolver: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The rows */
            200: {
                headers: {
                    /** @description Only when the list may have been cut: its length */
                    "oneway-row-limit"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown[];
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
            /** @description There is no such resolver */
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
    postResolver: {
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
                /** @description Name of the read model */
                readModel: string;
                /** @description Name of the resolver */
                resolver: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "id": "anna"
                 *     }
                 */
                "application/json": Record<string, unknown> | null;
            };
        };
        responses: {
            /** @description The rows */
            200: {
                headers: {
                    /** @description Only when the list may have been cut: its length */
                    "oneway-row-limit"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown[];
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
            /** @description There is no such resolver */
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
    listConfirmationRequests: {
        parameters: {
            query?: {
                /** @description Most requests on the page: 1 to 500, otherwise 50. */
                limit?: number;
                /** @description Where the page starts: `next` of the page before. */
                cursor?: string;
                /** @description `open` (also when absent), `confirmed` or `all`. */
                state?: "open" | "confirmed" | "all";
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
            /** @description A page of requests */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_ConfirmationRequest"];
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
    list: {
        parameters: {
            query?: {
                /** @description Most orders on the page: 1 to 500, otherwise 50. */
                limit?: number;
                /** @description Where the page starts: `next` of the page before. */
                cursor?: string;
                /** @description Only orders that stand so. */
                status?: components["schemas"]["Status"];
                /** @description Only orders of this customer. */
                customerId?: string;
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
            /** @description A page of orders */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Order"];
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
                /** @description Id of the order */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order; its version is the `ETag` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Order"];
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
            /** @description The read model has no such order */
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
