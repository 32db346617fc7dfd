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
    "/v1/report/customers": {
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
        /** The customers with their orders, revenue and class, in pages; or all of them as CSV. */
        get: operations["list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/report/customers/search": {
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
        /**
         * The same, for what is better in no address, since addresses are kept in logs: texts that
         *     somebody types, and cursors, which have names in them.
         */
        post: operations["search"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/report/customers/{id}": {
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
        /** One customer with the history of its class. */
        get: operations["one"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/report/summary": {
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
        /** All customers in numbers. */
        get: operations["summary"];
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
        /** @description A class that was published. */
        ClassChange: {
            /**
             * @description The class from then on.
             * @example B
             */
            class: string;
            /**
             * Format: int64
             * @description Number of the orders in it.
             */
            confirmedOrders: number;
            /**
             * @description Confirmed revenue in the window, in EUR: what decided.
             * @example 1234.50
             */
            confirmedRevenue: string;
            /**
             * Format: date-time
             * @description When the rule was applied.
             */
            evaluatedAt: string;
            /**
             * @description The class until then; null at first.
             * @example C
             */
            previousClass?: string | null;
            /**
             * @description The rule.
             * @example a=10000.00,b=1000.00,window=365d
             */
            ruleVersion: string;
            /**
             * Format: int64
             * @description Its number among those of the customer.
             */
            sequence: number;
            /**
             * Format: date-time
             * @description When that became known.
             */
            since: string;
            /**
             * Format: int32
             * @description Length of the window in days; null: all orders.
             */
            windowDays?: number | null;
        };
        /** @description A customer in the report. Amounts are in EUR, but the one that says USD. */
        Customer: {
            /**
             * @description Value of a confirmed order on average, rounded to cents; null when there is none.
             * @example 13.99
             */
            averageRevenue?: string | null;
            /**
             * @description The class; null until it is known.
             * @example B
             */
            class?: string | null;
            /**
             * Format: date-time
             * @description Since when.
             */
            classSince?: string | null;
            /**
             * Format: int64
             * @description Number of the confirmed orders.
             */
            confirmedOrders: number;
            /**
             * @description Their value.
             * @example 13.99
             */
            confirmedRevenue: string;
            /** @description True while the customer may be written to. */
            emailPermission: boolean;
            /**
             * Format: date-time
             * @description When the first order was placed.
             */
            firstOrderAt?: string | null;
            /**
             * @description Its id.
             * @example 00004
             */
            id: string;
            /**
             * Format: date-time
             * @description When the last order was placed.
             */
            lastOrderAt?: string | null;
            /** @description Where the customer is. */
            location?: string | null;
            /** @description Full name. */
            name: string;
            /**
             * Format: int64
             * @description Number of all orders.
             */
            orders: number;
            /**
             * @description Their value.
             * @example 1513.99
             */
            revenue: string;
            /**
             * @description Value in USD of all orders that have one.
             * @example 1642.69
             */
            usdRevenue: string;
            /**
             * Format: int64
             * @description Number of the orders that are not confirmed (yet).
             */
            waitingOrders: number;
            /**
             * @description Their value.
             * @example 1500.00
             */
            waitingRevenue: string;
        };
        /** @description Figures of some customers, in EUR but for the one that says USD. */
        Figures: {
            /**
             * Format: int64
             * @description Number of the confirmed orders.
             */
            confirmedOrders: number;
            /**
             * @description Value of those.
             * @example 1513.99
             */
            confirmedRevenue: string;
            /**
             * Format: int64
             * @description Their number.
             */
            customers: number;
            /**
             * Format: int64
             * @description Number of all their orders.
             */
            orders: number;
            /**
             * @description Value of those.
             * @example 1513.99
             */
            revenue: string;
            /**
             * @description Value in USD of all orders that have one.
             * @example 1642.69
             */
            usdRevenue: string;
        };
        /**
         * @description The form of an answer.
         * @enum {string}
         */
        Format: "json" | "csv";
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
        /** @description What is listed, and how. */
        ListArguments: {
            /** @description The report as it was: at the end of a day (UTC) that is over, or at a moment. */
            "as-of"?: string | null;
            /**
             * @description Only customers of this class.
             * @example A
             */
            class?: string | null;
            /** @description Where the page starts: `next` of the page before. */
            cursor?: string | null;
            format?: components["schemas"]["Format"] | null;
            /**
             * Format: int64
             * @description Most customers on the page: 1 to 500, otherwise 50.
             */
            limit?: number | null;
            /** @description Only customers who are there; in upper or lower case. */
            location?: string | null;
            /** @description By which column, `-` before it for the descending order; otherwise by name. */
            sort?: string | null;
            /** @description Only customers with this text in name, id or location; in upper or lower case. */
            text?: string | null;
        };
        /** @description Changes of one kind in one month. */
        Movement: {
            /**
             * Format: int64
             * @description How often that happened.
             */
            changes: number;
            /**
             * @description The class before; null: a new customer.
             * @example C
             */
            from?: string | null;
            /**
             * @description The month, in UTC.
             * @example 2026-05
             */
            month: string;
            /**
             * @description The class after.
             * @example B
             */
            to: string;
        };
        /** @description The customers of one class. */
        OfClass: components["schemas"]["Figures"] & {
            /**
             * @description The class; null: not known yet.
             * @example B
             */
            class?: string | null;
            /**
             * @description Their part of the confirmed revenue, in per cent.
             * @example 40.02
             */
            confirmedRevenueShare: string;
            /**
             * @description Their part of all customers, in per cent.
             * @example 22.87
             */
            customersShare: string;
            /**
             * @description Their part of all orders, in per cent.
             * @example 35.10
             */
            ordersShare: string;
        };
        /** @description A page of a list. */
        Page_Customer: {
            /** @description Its rows. */
            items: {
                /**
                 * @description Value of a confirmed order on average, rounded to cents; null when there is none.
                 * @example 13.99
                 */
                averageRevenue?: string | null;
                /**
                 * @description The class; null until it is known.
                 * @example B
                 */
                class?: string | null;
                /**
                 * Format: date-time
                 * @description Since when.
                 */
                classSince?: string | null;
                /**
                 * Format: int64
                 * @description Number of the confirmed orders.
                 */
                confirmedOrders: number;
                /**
                 * @description Their value.
                 * @example 13.99
                 */
                confirmedRevenue: string;
                /** @description True while the customer may be written to. */
                emailPermission: boolean;
                /**
                 * Format: date-time
                 * @description When the first order was placed.
                 */
                firstOrderAt?: string | null;
                /**
                 * @description Its id.
                 * @example 00004
                 */
                id: string;
                /**
                 * Format: date-time
                 * @description When the last order was placed.
                 */
                lastOrderAt?: string | null;
                /** @description Where the customer is. */
                location?: string | null;
                /** @description Full name. */
                name: string;
                /**
                 * Format: int64
                 * @description Number of all orders.
                 */
                orders: number;
                /**
                 * @description Their value.
                 * @example 1513.99
                 */
                revenue: string;
                /**
                 * @description Value in USD of all orders that have one.
                 * @example 1642.69
                 */
                usdRevenue: string;
                /**
                 * Format: int64
                 * @description Number of the orders that are not confirmed (yet).
                 */
                waitingOrders: number;
                /**
                 * @description Their value.
                 * @example 1500.00
                 */
                waitingRevenue: string;
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
        /** @description All customers in numbers. */
        Summary: {
            /** @description Those of each class, A first; last those whose class is not known yet, if there are any. */
            classes: components["schemas"]["OfClass"][];
            /** @description How many changes of class there were in each month (UTC), oldest first. */
            movements: components["schemas"]["Movement"][];
            /** @description The customers with the highest confirmed revenue, highest first. */
            top: components["schemas"]["Customer"][];
            /** @description All of them. */
            total: components["schemas"]["Figures"];
        };
        /** @description A customer and its classes. */
        WithHistory: components["schemas"]["Customer"] & {
            /** @description Its classes, from the first to the last. */
            classHistory: components["schemas"]["ClassChange"][];
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
    list: {
        parameters: {
            query?: {
                /**
                 * @description The report as it was: at the end of a day (UTC) that is over, or at a moment.
                 * @example 2026-05-31
                 */
                "as-of"?: string;
                /**
                 * @description Only customers of this class.
                 * @example A
                 */
                class?: string;
                /** @description Only customers who are there; in upper or lower case. */
                location?: string;
                /** @description Only customers with this text in name, id or location; in upper or lower case. */
                text?: string;
                /**
                 * @description By which column, `-` before it for the descending order; otherwise by name.
                 * @example -confirmedRevenue
                 */
                sort?: string;
                /** @description Most customers on the page: 1 to 500, otherwise 50. */
                limit?: number;
                /** @description Where the page starts: `next` of the page before. */
                cursor?: string;
                /** @description `csv` or `json`; otherwise what `Accept` asks for. */
                format?: "json" | "csv";
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
            /** @description A page of customers; the whole report as `text/csv` when that is asked for, its rows all of one moment */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Customer"];
                    "text/csv": string;
                };
            };
            /** @description An argument is malformed, or `as-of` is not over yet */
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
            /** @description As many whole reports as can be are written already */
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
    search: {
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
        requestBody: {
            content: {
                "application/json": components["schemas"]["ListArguments"];
            };
        };
        responses: {
            /** @description As for the same arguments in an address */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Page_Customer"];
                    "text/csv": string;
                };
            };
            /** @description An argument is malformed, or `as-of` is not over yet */
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
            query?: {
                /**
                 * @description As it was: at the end of a day (UTC) that is over, or at a moment.
                 * @example 2026-05-31
                 */
                "as-of"?: string;
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
                /** @description Id of the customer */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The customer; its `ETag` is for `If-None-Match` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WithHistory"];
                };
            };
            /** @description It is as `If-None-Match` says */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An argument is malformed, or `as-of` is not over yet */
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
            /** @description The customer is not known, or was not */
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
    summary: {
        parameters: {
            query?: {
                /**
                 * @description As it was: at the end of a day (UTC) that is over, or at a moment.
                 * @example 2026-05-31
                 */
                "as-of"?: string;
                /** @description How many of the best customers: 0 to 100, otherwise 10. */
                top?: number;
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
            /** @description The numbers; their `ETag` is for `If-None-Match` */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Summary"];
                };
            };
            /** @description They are as `If-None-Match` says */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An argument is malformed, or `as-of` is not over yet */
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
