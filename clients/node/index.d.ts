// An org of Landfall for tests.

import type {
  Clock as Reading,
  ClockPreview,
  Difference,
  Event,
  EventCount,
  EventSchema,
  Fault,
  FaultToArm,
  Mistake,
  Request,
  RequestSummary,
  RetainedEvent,
  Settled,
  Snapshot,
  Subscriber,
  Topics,
  Usage,
  WholeEvent,
} from './control.js';

export type * from './control.js';

/** A call that was refused: `code` does not change between versions, `message` may. */
export class ControlError extends Error {
  readonly status: number;
  readonly code: string;
}

/** The clock of an org. Times are such as `2030-01-01T09:00:00Z`. */
export interface OrgClock {
  read(): Promise<Reading>;
  /** Stops the time, now or at a later time. */
  freeze(at?: string): Promise<Reading>;
  /** Sets a later time. */
  set(time: string): Promise<Reading>;
  /** Advances the time by a span such as `73h`; done when all that has fallen due is done. */
  advance(by: string): Promise<Reading>;
  /** What would fall due if the time were advanced by a span such as `73h`; changes nothing. */
  preview(by: string): Promise<ClockPreview>;
  /** Lets the time go on from where it is. */
  resume(): Promise<Reading>;
}

/** An org. */
export class Org {
  readonly target: string;
  readonly username: string;
  readonly password: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** That of the newest login. */
  readonly accessToken: string;
  /** Certificate authority for TLS on the same port, in PEM. */
  readonly caFile: string | undefined;
  readonly clock: OrgClock;

  /** Ends what was started for it. Once is enough. */
  close(): Promise<void>;

  /** A call of the REST API; `path` begins after the version. */
  rest(method: string, path: string, body?: unknown): Promise<any>;

  /** Logs in again, as a client does whose access token has expired, and uses the new access token from now on. */
  login(): Promise<string>;

  /** Returns to how the org began: `seed` unless given, `empty`, or the name of a snapshot. */
  reset(how?: { to?: string; keepSubscribers?: boolean }): Promise<Snapshot>;
  /** Saves a snapshot. */
  save(name: string): Promise<Snapshot>;
  /** Returns to a snapshot, with its events and their replay ids. */
  load(name: string): Promise<Snapshot>;
  snapshots(): Promise<Snapshot[]>;
  /** Removes a snapshot. */
  remove(name: string): Promise<void>;

  /** What differs between a snapshot, `seed` or `empty`, and now, or another snapshot. */
  difference(name: string, other?: string): Promise<Difference>;

  /** Arms a fault: `org.arm('client-unknown', { method: '/meta/connect', next: 2 })`. */
  arm(fault: FaultToArm['fault'], whereAndWhen?: Omit<FaultToArm, 'fault'>): Promise<Fault>;
  faults(): Promise<Fault[]>;
  /** The armed faults that have never fired. */
  unfired(): Promise<Fault[]>;
  /** Removes a fault, or all of them. */
  disarm(id?: string): Promise<void>;

  /** What clients have sent, the newest first: `org.requests({ api: 'streaming', text: '/meta/connect' })`. */
  requests(filter?: {
    api?: RequestSummary['api'];
    status?: number;
    text?: string;
    before?: number;
    after?: number;
    limit?: number;
  }): Promise<RequestSummary[]>;
  /** A request and its answer, with the beginnings of their bodies. */
  request(number: number): Promise<Request>;
  /** What clients did that no correct client does, since the last reset. */
  mistakes(): Promise<Mistake[]>;

  /** Forgets what clients have sent, and their mistakes. */
  clearRequests(): Promise<void>;

  /** Retained events, the newest first: `org.events({ topic: '/data/AccountChangeEvent', type: 'UPDATE' })`. */
  events(filter?: {
    topic?: string;
    type?: string;
    entity?: string;
    record?: string;
    field?: string;
    user?: string;
    transaction?: string;
    q?: string;
    from?: number;
    to?: number;
    limit?: number;
  }): Promise<RetainedEvent[]>;
  /** A retained event, as clients of each API get it. */
  event(replayId: number): Promise<WholeEvent>;
  /** The retained events of a channel that follow a replay id. */
  count(channel: string, after: number): Promise<EventCount>;
  /** The current and the former schemas of events. */
  schemas(): Promise<EventSchema[]>;
  /** How much of its allocations the org has used, and how many events were on each topic. */
  usage(): Promise<Usage>;

  /** Waits until every subscriber has every event so far. */
  settle(how?: { timeoutMs?: number }): Promise<Settled>;
  /** Waits for events that contain what `match` says; those that are there already count. */
  expect(
    channel: string,
    match?: Record<string, unknown>,
    how?: { count?: number; after?: number; timeoutMs?: number },
  ): Promise<Event[]>;

  topics(): Promise<Topics>;
  /** The replay id from which a subscriber gets every event since `at`; without it, only new ones. */
  position(channel: string, at?: string): Promise<number>;
  subscribers(): Promise<Subscriber[]>;
  endSubscriber(id: string): Promise<void>;

  /** Opens an isolated org in the same process, with the same project and seeds. */
  open(): Promise<Org>;
  /** A call of the control interface; `path` begins after its version. */
  control(method: string, path: string, body?: unknown): Promise<any>;
}

export interface StartOptions {
  /** Folder of a Salesforce DX project. */
  project?: string;
  /** Files of records. */
  seeds?: string[];
  /** The program, by default that of `LANDFALL_BIN`, or `landfall` in the path. */
  binary?: string;
  /** Further options of `landfall dev`. */
  options?: string[];
}

/** Starts `landfall dev` with an org that is gone when it closes. */
export function start(options?: StartOptions): Promise<Org>;

/** The org that `LANDFALL_TARGET` and the other variables lead to, as `landfall exec` sets them; undefined without them. */
export function join(): Promise<Org | undefined>;

/** An org for a test file: an isolated one of the process that `LANDFALL_TARGET` names, or one that is started. */
export function open(options?: StartOptions): Promise<Org>;
