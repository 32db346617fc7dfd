// Made by `npm run generate` from the document beside it.

export interface paths {
    "/v1/campaigns/{id}/audience": {
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
        /** Whom a campaign would write to if it were started now. */
        get: operations["audience"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/campaigns/{id}/preview": {
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
        get?: never;
        put?: never;
        /** What a campaign would send. */
        post: operations["preview"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/campaigns/{id}/test": {
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
        get?: never;
        put?: never;
        /** Send what a campaign would send to an address, once. Needs the right `campaign.SEND_TEST`. */
        post: operations["test"];
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
        /**
         * @description The customers of a campaign's class at this moment, by what would become of them. It is an
         *     estimate: classes count when the campaign is started, permissions when each mail is sent.
         */
        Audience: {
            /**
             * Format: int64
             * @description All of the class.
             */
            customers: number;
            /**
             * Format: int64
             * @description Who would not be, having no address.
             */
            noAddress: number;
            /**
             * Format: int64
             * @description Who would not be, having an address but not allowing it.
             */
            noPermission: number;
            /**
             * Format: int64
             * @description Who would be written to.
             */
            written: number;
        };
        /** @description For whom a preview is. */
        For: {
            /**
             * @description A customer; a made-up one when absent.
             * @example 00004
             */
            customerId?: string | null;
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
        /** @description A mail as its reader would see it. */
        Preview: {
            /** @description The body. */
            html: string;
            /** @description The subject. */
            subject: string;
            /** @description The body for those who see no HTML. */
            text: string;
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
        /** @description Where a test mail goes. */
        Test: {
            /** @description For which customer it is made; for a made-up one when absent. */
            customerId?: string | null;
            /**
             * @description The address.
             * @example anna@example.org
             */
            to: string;
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
    audience: {
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
                /** @description Id of the campaign */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How many, and how many not, and why */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Audience"];
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
            /** @description There is no such campaign */
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
    preview: {
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
                /** @description Id of the campaign */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["For"];
            };
        };
        responses: {
            /** @description The mail */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preview"];
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
            /** @description There is no such campaign or customer */
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
    test: {
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
                /** @description Id of the campaign */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Test"];
            };
        };
        responses: {
            /** @description The mail server took it */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description The address is none */
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
            /** @description The mail server refused it */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["ProblemBody"];
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
