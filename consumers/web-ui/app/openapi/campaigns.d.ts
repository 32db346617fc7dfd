// Made by `npm run generate` from the document beside it.

export interface paths {
    "/v1/campaigns": {
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
        /** The campaigns, newest first. */
        get: operations["list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/campaigns/{id}": {
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
        /** A campaign with its funnel. */
        get: operations["one"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/campaigns/{id}/mailings": {
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
        /** The mails of a campaign, by customer id. */
        get: operations["of_campaign"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/mailings": {
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
        /** The mailings of all campaigns, by id: with `status=uncertain` those that a person has to decide. */
        get: operations["all"];
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
        /** @description A campaign. */
        Campaign: {
            /**
             * @description Class of the customers that it addresses.
             * @example B
             */
            audienceClass: string;
            /** @description Template of the mails' body, HTML. */
            body: string;
            /**
             * Format: date-time
             * @description When it was over.
             */
            completedAt?: string | null;
            /**
             * Format: date-time
             * @description When it was prepared.
             */
            createdAt: string;
            /**
             * Format: int64
             * @description How many customers it addresses; null until it was started.
             */
            customers?: number | null;
            /**
             * @description Its id.
             * @example spring
             */
            id: string;
            /** @description What people call it. */
            name: string;
            /**
             * Format: date-time
             * @description When it was first started.
             */
            startedAt?: string | null;
            /**
             * @description `draft`, `running`, `paused` or `completed`.
             * @example running
             */
            status: string;
            /**
             * @description Template of the mails' subject.
             * @example Thank you, {{ name }}
             */
            subject: string;
            /**
             * Format: int64
             * @description Its version: for `If-Match` of the command API.
             */
            version: number;
        };
        /** @description Why customers were not written to. */
        Excluded: {
            /**
             * Format: int64
             * @description They have no address.
             */
            noAddress: number;
            /**
             * Format: int64
             * @description They do not allow it.
             */
            noPermission: number;
            /**
             * Format: int64
             * @description The campaign was over, or something else.
             */
            other: number;
        };
        /** @description How many mailings came how far. */
        Funnel: {
            /**
             * Format: int64
             * @description Came back.
             */
            bounced: number;
            /**
             * Format: int64
             * @description A link was followed at least once.
             */
            clicked: number;
            /** @description Customers who are not written to. */
            excluded: components["schemas"]["Excluded"];
            /**
             * Format: int64
             * @description They were not sent, and will not be.
             */
            failed: number;
            /**
             * Format: int64
             * @description All that were requested.
             */
            mailings: number;
            /**
             * Format: int64
             * @description Opened at least once.
             */
            opened: number;
            /**
             * Format: int64
             * @description Answered.
             */
            replied: number;
            /**
             * Format: int64
             * @description The mail server took them.
             */
            sent: number;
            /**
             * Format: int64
             * @description Nobody knows whether they were sent: a person decides.
             */
            uncertain: number;
            /**
             * Format: int64
             * @description The customer wants no more mails.
             */
            unsubscribed: number;
            /**
             * Format: int64
             * @description Those that wait to be sent.
             */
            waiting: number;
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
        /** @description A mail to a customer. */
        Mailing: {
            /**
             * Format: int32
             * @description How many times it was requested.
             */
            attempt: number;
            /**
             * Format: date-time
             * @description When it came back.
             */
            bouncedAt?: string | null;
            /** @description Of which campaign. */
            campaignId: string;
            /**
             * @description Class of the customer when the campaign was started.
             * @example B
             */
            classAtStart: string;
            /** @description Class of the customer now. */
            classNow?: string | null;
            /**
             * Format: date-time
             * @description When a link in it was first followed.
             */
            clickedAt?: string | null;
            /** @description To which customer. */
            customerId: string;
            /** @description The customer's name. */
            customerName?: string | null;
            /**
             * Format: date-time
             * @description When it came to what it is.
             */
            endedAt?: string | null;
            /**
             * @description Its id.
             * @example spring:00004
             */
            id: string;
            /** @description Message-ID of the mail. */
            messageId?: string | null;
            /**
             * Format: date-time
             * @description When it was first opened.
             */
            openedAt?: string | null;
            /**
             * @description Why it failed, is uncertain, or was excluded (`no_permission`, `no_address`,
             *     `campaign_completed`).
             */
            reason?: string | null;
            /**
             * Format: date-time
             * @description When it was answered.
             */
            repliedAt?: string | null;
            /**
             * Format: date-time
             * @description When it was last requested.
             */
            requestedAt: string;
            /**
             * @description `requested`, `sent`, `failed`, `uncertain` or `excluded`.
             * @example sent
             */
            status: string;
            /**
             * Format: date-time
             * @description When the customer unsubscribed by it.
             */
            unsubscribedAt?: string | null;
        };
        /** @description A page of a list. */
        Page_Campaign: {
            /** @description Its rows. */
            items: {
                /**
                 * @description Class of the customers that it addresses.
                 * @example B
                 */
                audienceClass: string;
                /** @description Template of the mails' body, HTML. */
                body: string;
                /**
                 * Format: date-time
                 * @description When it was over.
                 */
                completedAt?: string | null;
                /**
                 * Format: date-time
                 * @description When it was prepared.
                 */
                createdAt: string;
                /**
                 * Format: int64
                 * @description How many customers it addresses; null until it was started.
                 */
                customers?: number | null;
                /**
                 * @description Its id.
                 * @example spring
                 */
                id: string;
                /** @description What people call it. */
                name: string;
                /**
                 * Format: date-time
                 * @description When it was first started.
                 */
                startedAt?: string | null;
                /**
                 * @description `draft`, `running`, `paused` or `completed`.
                 * @example running
                 */
                status: string;
                /**
                 * @description Template of the mails' subject.
                 * @example Thank you, {{ name }}
                 */
                subject: string;
                /**
                 * Format: int64
                 * @description Its version: for `If-Match` of the command API.
                 */
                version: number;
            }[];
            /** @description The `cursor` of the next page; absent on the last. */
            next?: string | null;
        };
        /** @description A page of a list. */
        Page_Mailing: {
            /** @description Its rows. */
            items: {
                /**
                 * Format: int32
                 * @description How many times it was requested.
                 */
                attempt: number;
                /**
                 * Format: date-time
                 * @description When it came back.
                 */
                bouncedAt?: string | null;
                /** @description Of which campaign. */
                campaignId: string;
                /**
                 * @description Class of the customer when the campaign was started.
                 * @example B
                 */
                classAtStart: string;
                /** @description Class of the customer now. */
                classNow?: string | null;
                /**
                 * Format: date-time
                 * @description When a link in it was first followed.
                 */
                clickedAt?: string | null;
                /** @description To which customer. */
                customerId: string;
                /** @description The customer's name. */
                customerName?: string | null;
                /**
                 * Format: date-time
                 * @description When it came to what it is.
                 */
                endedAt?: string | null;
                /**
                 * @description Its id.
                 * @example spring:00004
                 */
                id: string;
                /** @description Message-ID of the mail. */
                messageId?: string | null;
                /**
                 * Format: date-time
                 * @description When it was first opened.
                 */
                openedAt?: string | null;
                /**
                 * @description Why it failed, is uncertain, or was excluded (`no_permission`, `no_address`,
                 *     `campaign_completed`).
                 */
                reason?: string | null;
                /**
                 * Format: date-time
                 * @description When it was answered.
                 */
                repliedAt?: string | null;
                /**
                 * Format: date-time
                 * @description When it was last requested.
                 */
                requestedAt: string;
                /**
                 * @description `requested`, `sent`, `failed`, `uncertain` or `excluded`.
                 * @example sent
                 */
                status: string;
                /**
                 * Format: date-time
                 * @description When the customer unsubscribed by it.
                 */
                unsubscribedAt?: string | null;
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
        /** @description Shares of the mails that were sent, in percent. */
        Rates: {
            /** @description Bounced. */
            bounced?: string | null;
            /** @description Clicked. */
            clicked?: string | null;
            /**
             * @description Opened.
             * @example 41.5
             */
            opened?: string | null;
            /** @description Unsubscribed. */
            unsubscribed?: string | null;
        };
        /** @description A campaign and how it goes. */
        Standing: components["schemas"]["Campaign"] & {
            /** @description How many mailings came how far. */
            funnel: components["schemas"]["Funnel"];
            /** @description Shares of those that were sent. */
            rates: components["schemas"]["Rates"];
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
            query?: {
                /** @description Most campaigns on the page: 1 to 500, otherwise 50. */
                limit?: number;
                /** @description Where the page starts: `next` of the page before. */
                cursor?: string;
                /** @description Only those that are `draft`, `running`, `paused` or `completed`. */
                status?: string;
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
            /** @description A page of campaigns */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Campaign"];
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
                /** @description Id of the campaign */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The campaign; its version is the `ETag` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Standing"];
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
    of_campaign: {
        parameters: {
            query?: {
                /** @description Most mailings on the page: 1 to 500, otherwise 50. */
                limit?: number;
                /** @description Where the page starts: `next` of the page before. */
                cursor?: string;
                /** @description Only those that are `requested`, `sent`, `failed`, `uncertain` or `excluded`. */
                status?: string;
                /** @description Only those to this customer. */
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
            path: {
                /** @description Id of the campaign */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of mailings */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Mailing"];
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
    all: {
        parameters: {
            query?: {
                /** @description Most mailings on the page: 1 to 500, otherwise 50. */
                limit?: number;
                /** @description Where the page starts: `next` of the page before. */
                cursor?: string;
                /** @description Only those that are `requested`, `sent`, `failed`, `uncertain` or `excluded`. */
                status?: string;
                /** @description Only those to this customer. */
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
            /** @description A page of mailings */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Mailing"];
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
}
