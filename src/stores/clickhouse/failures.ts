import { type FailureKind, StoreError } from "../store_error.ts";

/**
 * Codes by what they mean for a shipper (`system.errors` of ClickHouse 26.7; the numbers never
 * change). Every other code is the fault of the target: no such table (60), a wrong password (516).
 */
const KINDS: readonly (readonly [kind: FailureKind, codes: readonly number[]])[] = [
  ["passing", [
    33, // CANNOT_READ_ALL_DATA: the connection was cut
    74, // CANNOT_READ_FROM_FILE_DESCRIPTOR, and the like: its disk
    75,
    76,
    95, // CANNOT_READ_FROM_SOCKET
    96,
    159, // TIMEOUT_EXCEEDED
    160, // TOO_SLOW
    173, // CANNOT_ALLOCATE_MEMORY
    198, // DNS_ERROR
    201, // QUOTA_EXCEEDED
    202, // TOO_MANY_SIMULTANEOUS_QUERIES
    209, // SOCKET_TIMEOUT
    210, // NETWORK_ERROR
    216, // QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING
    225, // NO_ZOOKEEPER
    236, // ABORTED
    241, // MEMORY_LIMIT_EXCEEDED
    242, // TABLE_IS_READ_ONLY: a replica without its Keeper
    243, // NOT_ENOUGH_SPACE
    252, // TOO_MANY_PARTS
    254, // NO_ACTIVE_REPLICAS
    265, // NO_AVAILABLE_REPLICA
    279, // ALL_CONNECTION_TRIES_FAILED
    285, // TOO_FEW_LIVE_REPLICAS
    286, // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
    289, // REPLICA_IS_NOT_IN_QUORUM
    290, // LIMIT_EXCEEDED
    294, // CANNOT_WRITE_TO_FILE
    319, // UNKNOWN_STATUS_OF_INSERT
    341, // UNFINISHED
    364, // RECEIVED_ERROR_TOO_MANY_REQUESTS
    369, // ALL_REPLICAS_ARE_STALE
    394, // QUERY_WAS_CANCELLED
    416, // REPLICA_STATUS_CHANGED
    425, // SYSTEM_ERROR
    574, // DISTRIBUTED_TOO_MANY_PENDING_BYTES
    700, // USER_SESSION_LIMIT_EXCEEDED
    735, // QUERY_WAS_CANCELLED_BY_CLIENT
    749, // TCP_CONNECTION_LIMIT_REACHED
    762, // HTTP_CONNECTION_LIMIT_REACHED
    776, // RESOURCE_LIMIT_EXCEEDED
    777, // MEMORY_RESERVATION_KILLED
    778, // MEMORY_RESERVATION_FAILED
    904, // TOO_MANY_UNAVAILABLE_SHARDS
    999, // KEEPER_EXCEPTION
    1000, // POCO_EXCEPTION: sockets and files
  ]],
  ["data", [
    6, // CANNOT_PARSE_TEXT
    25, // CANNOT_PARSE_ESCAPE_SEQUENCE
    26, // CANNOT_PARSE_QUOTED_STRING
    27, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
    38, // CANNOT_PARSE_DATE
    41, // CANNOT_PARSE_DATETIME
    53, // TYPE_MISMATCH
    72, // CANNOT_PARSE_NUMBER
    117, // INCORRECT_DATA
    131, // TOO_LARGE_STRING_SIZE
    469, // VIOLATED_CONSTRAINT
  ]],
];

/** Statuses of HTTP, without a code of ClickHouse, that pass: proxies give them too. */
const PASSING_STATUS = /^(?:408|425|429|5\d\d)$/;

const CODE = /^Code: (\d+)[.,]/;
const LONGEST = 500;

/** What ClickHouse answered with a status other than 200. */
export interface RefusedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** Whether the request had the rows of files: only then rows can be to blame. */
  readonly isData: boolean;
}

/** What a failure means, by ClickHouse's code; without one by the status of HTTP. */
export function clickhouseErrorOf({ status, headers, body, isData }: RefusedAnswer, action: string): StoreError {
  const code = Number(headers.get("x-clickhouse-exception-code") ?? CODE.exec(body)?.[1] ?? NaN);
  const seconds = Number(headers.get("retry-after") ?? NaN);
  const retryAfter = seconds > 0 ? seconds * 1_000 : undefined;
  const why = body.trim().replace(/ \(version [^)]*\)$|, e\.what\(\) = .*$/s, "").slice(0, LONGEST);
  if (Number.isNaN(code)) {
    const kind = PASSING_STATUS.test(String(status)) ? "passing" : "target";
    return new StoreError(kind, `HTTP ${status}`, `${action}: HTTP ${status}: ${why}`, { retryAfter });
  }
  const known = KINDS.find(([, codes]) => codes.includes(code))?.[0] ?? "target";
  const kind = known === "data" && !isData ? "target" : known;
  return new StoreError(kind, String(code), `${action}: ${why}`, { retryAfter });
}
