import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { readMultipart, stalledViewer } from '../helpers/http.ts';
import { madeOnce } from '../helpers/made-once.ts';
import { until, untilEvent, within } from '../helpers/until.ts';
import { makeWorkDir } from '../helpers/work-dir.ts';

test('what was done last is undone first, all of it, and every failure is told', async () => {
  const seen: string[] = [];
  const { scope, end } = ownScope();
  defer(scope, () => void seen.push('first'));
  defer(scope, () => Promise.reject(new Error('cannot')));
  defer(scope, async () => void seen.push('third'));
  await assert.rejects(end(), /cannot/);
  assert.deepEqual(seen, ['third', 'first']);
});

test('a work folder is there for the test, and gone after it with all that is in it', async () => {
  const { scope, end } = ownScope();
  const dir = makeWorkDir(scope);
  assert.notEqual(dir, makeWorkDir(scope));
  writeFileSync(join(dir, 'file'), '');
  await end();
  assert.ok(!existsSync(dir));
});

test('what is made once is made once, also by many at a time, and never half', async (t) => {
  const name = `once-${process.pid}`;
  let made = 0;
  const make = async (path: string): Promise<void> => {
    made++;
    await sleep(5);
    writeFileSync(path, 'whole');
  };
  const [path = ''] = await Promise.all([madeOnce(name, make), madeOnce(name, make)]);
  t.after(() => rmSync(path));
  assert.equal(made, 1);
  assert.ok(existsSync(path));
  const broken = madeOnce(`${name}-broken`, (aside) => {
    writeFileSync(aside, 'ha');
    throw new Error('interrupted');
  });
  await assert.rejects(broken, /interrupted/);
  assert.ok(!existsSync(`${path}-broken`));
});

test('until gives what the condition gives, and says what it saw when it does not', async () => {
  let looks = 0;
  assert.equal(await until('third look', () => ++looks === 3 && 'seen'), 'seen');
  await assert.rejects(
    until('five', () => looks > 5, { ms: 30 }),
    { message: 'no five within 30 ms; the last look gave false' },
  );
  const refused = until('match', () => assert.equal(looks, 4), { ms: 30 });
  await assert.rejects(refused, /no match within 30 ms; the last look gave Expected values.*3 !== 4/s);
});

test('until goes on waiting when its test sets the clock forward', async (t) => {
  let looks = 0;
  t.mock.method(performance, 'now', () => looks * 31_000);
  assert.ok(await until('third look', () => ++looks === 3));
});

test('untilEvent gives the event, fails for an error, and fails late', async () => {
  const emitter = new EventEmitter();
  setImmediate(() => emitter.emit('message', 'hello'));
  assert.equal(await untilEvent(emitter, 'message'), 'hello');
  setImmediate(() => emitter.emit('error', new Error('broken')));
  await assert.rejects(untilEvent(emitter, 'message'), /broken/);
  await assert.rejects(untilEvent(emitter, 'message', { ms: 20 }), /no event 'message' within 20 ms/);
  assert.deepEqual(emitter.eventNames(), []);
});

test('within passes results and faults on, and ends the wait for what never comes', async () => {
  assert.equal(await within('one', Promise.resolve(1)), 1);
  await assert.rejects(within('one', Promise.reject(new Error('none'))), /none/);
  await assert.rejects(within('answer', new Promise(() => {}), { ms: 20 }), /no answer within 20 ms/);
});

test('a multipart stream is read part by part, however it is cut', async (t) => {
  const bodies = [Buffer.from('one\r\n\r\n--frame'), Buffer.alloc(200_000, 7), Buffer.alloc(0)];
  const whole = Buffer.concat(
    bodies.flatMap((body, i) => [Buffer.from(`${i ? '\r\n' : ''}--frame\r\nContent-Length: ${body.length}\r\nX-N: ${i}\r\n\r\n`), body]),
  );
  const server = await serve(t, async (write) => {
    for (let at = 0; at < 300; at++) await write(whole.subarray(at, at + 1));
    await write(whole.subarray(300));
  });
  const seen = [];
  for await (const part of readMultipart(server)) {
    assert.ok(part.body.equals(bodies[seen.length] ?? assert.fail('one part too many')));
    seen.push(part.headers['x-n']);
  }
  assert.deepEqual(seen, ['0', '1', '2']);
});

test('a stream that is not as it should be fails', async (t) => {
  const first = async (text: string, type?: string): Promise<unknown> => {
    const url = await serve(t, (write) => write(Buffer.from(text)), type);
    return await readMultipart(url).next();
  };
  await assert.rejects(first('--other\r\nContent-Length: 1\r\n\r\nx'), /'--other' where --frame belongs/);
  await assert.rejects(first('--frame\r\nContent-Type: image/jpeg\r\n\r\nx'), /a part without Content-Length/);
  await assert.rejects(first('x', 'text/html'), /not a multipart stream: content-type text\/html/);
  assert.deepEqual(await first('--frame\r\nContent-Length: 9\r\n\r\nx'), { done: true, value: undefined }, 'a part cut short is no part');
});

test('a viewer that leaves the loop leaves the server', async (t) => {
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const url = await serve(t, async (write, gone) => {
    gone.then(resolve);
    await write(Buffer.from('--frame\r\nContent-Length: 1\r\n\r\nx'));
    await gone;
  });
  for await (const { body } of readMultipart(url)) {
    assert.equal(String(body), 'x');
    break;
  }
  await within('end of the connection', left);
});

test('a stalled viewer asks and never reads', async (t) => {
  let written = 0;
  const url = await serve(t, async (write, gone) => {
    let over = false;
    gone.then(() => {
      over = true;
    });
    for (const chunk = Buffer.alloc(1 << 20); !over; written += chunk.length) await write(chunk);
  });
  const viewer = await stalledViewer(t, url, { headers: { 'X-Test': 'yes' } });
  let last = -1;
  await until('stop of the server', async () => {
    const stopped = last === written && written > 0;
    last = written;
    await sleep(100);
    return stopped;
  });
  assert.ok(written < 64 << 20, `${written} bytes were taken`);
  assert.equal(viewer.bytesRead, 0);
});

/** A scope that ends when the test says so. */
function ownScope(): { scope: Scope; end(): Promise<void> } {
  const hooks: (() => void | Promise<void>)[] = [];
  return {
    scope: { after: (hook) => void hooks.push(hook) },
    end: async () => {
      for (const hook of hooks) await hook();
    },
  };
}

type Write = (chunk: Buffer) => Promise<void>;

/** Serves one stream; `write` waits until the viewer took it, `gone` until it left. */
async function serve(
  t: TestContext,
  stream: (write: Write, gone: Promise<void>) => Promise<void>,
  type = 'multipart/x-mixed-replace; boundary=frame',
): Promise<string> {
  const server: Server = createServer((_request, response) => {
    const gone = new Promise<void>((resolve) => response.once('close', resolve));
    response.writeHead(200, { 'Content-Type': type });
    const write: Write = (chunk) => Promise.race([gone, new Promise<void>((resolve) => response.write(chunk, () => resolve()))]);
    void stream(write, gone).then(() => response.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
