// What a test in TypeScript looks like: it is compiled, not run.

import { type Event, type Snapshot, ControlError, type Org, open } from 'landfall-testing';

export async function everything(): Promise<void> {
  const org: Org = await open({ project: 'force-app', seeds: ['seed.json'] });
  const state: Snapshot = await org.reset({ to: 'empty', keepSubscribers: true });
  const total: number = state.records.map(({ count }) => count).reduce((sum, count) => sum + count, 0);
  await org.arm('latency', { delay: `${total}ms`, topic: '/data/AccountChangeEvent' });
  // @ts-expect-error: there is no such fault.
  await org.arm('latencies').catch((error: unknown) => error instanceof ControlError && error.code);
  const { mode } = await org.clock.freeze('2030-01-01T09:00:00Z');
  const frozen: boolean = mode === 'frozen';
  const [event]: Event[] = await org.expect('/data/AccountChangeEvent', { payload: { Name: String(frozen) } });
  const replayId: number = event!.replayId + (await org.position('/data/AccountChangeEvent'));
  const recordIds: string[] = (await org.events({ topic: '/data/AccountChangeEvent' })).map(({ topic }) => topic);
  const left: number = (await org.usage()).topics.reduce((sum, { delivered }) => sum + delivered, recordIds.length);
  const created: number[] = (await org.difference('seed', 'other')).objects.map(({ created }) => created + left);
  await org.clearRequests().then(() => created);
  const other = await org.open();
  await other.rest('POST', 'sobjects/Account', { Name: String(replayId) });
  await other.close();
  await org.close();
}
