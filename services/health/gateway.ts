import { readSecret } from '../shared/secrets.ts';
import type { Settings } from '../shared/settings.ts';
import { reached } from './broker.ts';
import { unwell, type Verdict, well } from './verdict.ts';
import { openWire, shownAddress } from './wire.ts';

/** More of an answer is not read, in bytes. */
const MAX_ANSWER_BYTES = 64 << 10;

/** Does the gateway answer, and is it connected to the bus? */
export async function checkGateway({ gateway, dataDir }: Settings, signal: AbortSignal): Promise<Verdict> {
  const { host, port, basePath, auth } = gateway;
  if (port === 0) return unwell('The gateway cannot be checked, since GATEWAY_PORT is 0, which is any free port: set it to a port.');
  const address = { host: reached(host), port };
  const where = `${shownAddress(address)}${basePath}readyz`;
  const token = auth ? (gateway.token ?? readSecret(dataDir, 'gateway-token')) : undefined;
  const answer = await get(address, `${basePath}readyz`, token, signal);
  const { status, detail, lost } = readAnswer(answer);
  if (status === 200) return well(`The gateway is ready on ${where}.`);
  if (status === 401) {
    return unwell(
      `The gateway on ${where} refuses the token of this check: DATA_DIR or GATEWAY_TOKEN are not those it runs with, or it has to be started again.`,
    );
  }
  if (status !== null) return unwell(`The gateway answers on ${where}, but is not ready (${status}): ${detail ?? 'its log says why.'}`);
  return unwell(`The gateway does not answer on ${where} (${lost}): its log says why; start it again if it has ended.`);
}

type Answer = { text: string } | { lost: string };

/** One GET by hand: loading `node:http` takes longer than the rest of the check. */
async function get(address: { host: string; port: number }, path: string, token: string | undefined, signal: AbortSignal): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  let text = '';
  let close = () => {};
  signal.addEventListener('abort', () => resolve({ lost: 'timeout' }), { once: true });
  await openWire(address, {
    open: (wire) => {
      close = wire.close;
      const login = token ? `Authorization: Bearer ${token}\r\n` : '';
      wire.write(Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${shownAddress(address)}\r\n${login}Connection: close\r\n\r\n`));
    },
    bytes: (chunk) => {
      text += chunk.toString('latin1');
      if (text.length > MAX_ANSWER_BYTES) resolve({ text });
    },
    lost: (why) => resolve(text ? { text } : { lost: why }),
  });
  return await promise.finally(() => close());
}

/** Status and, of `application/problem+json`, what it says. */
function readAnswer(answer: Answer): { status: number | null; detail: string | null; lost: string } {
  if ('lost' in answer) return { status: null, detail: null, lost: answer.lost };
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer.text)?.[1];
  const detail = /"detail":("(?:[^"\\]|\\.)*")/.exec(answer.text)?.[1];
  const text = detail && Buffer.from(JSON.parse(detail), 'latin1').toString();
  return { status: status ? Number(status) : null, detail: text ?? null, lost: 'what answers there is no web server' };
}
