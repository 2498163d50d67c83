import net from 'node:net';
import mqtt, { type Packet } from 'mqtt-packet';
import { defer, type Scope } from './cleanup.ts';
import { until, untilEvent } from './until.ts';

export type Address = { host: string; port: number } | { path: string };

export interface RawOptions {
  username?: string;
  password?: string;
  version?: 4 | 5;
  clientId?: string;
  clean?: boolean;
}

/**
 * An MQTT client down to its socket, for what well-behaved clients do not do: it reads only what it is told to read,
 * and writes whatever bytes it is given.
 */
export class RawMqtt {
  readonly socket: net.Socket;
  readonly packets: Packet[] = [];
  /** Called with each packet as it comes, before it is put into `packets`; true keeps it out. */
  take: (packet: Packet) => boolean = () => false;
  closed = false;
  readonly #version: 4 | 5;
  readonly #parser: ReturnType<typeof mqtt.parser>;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: net.Socket, version: 4 | 5) {
    this.socket = socket;
    this.#version = version;
    this.#parser = mqtt.parser({ protocolVersion: version });
    socket.on('error', () => {}); // what comes of it is looked at by `closed`
    socket.on('close', () => {
      this.closed = true;
      clearInterval(this.#timer);
    });
    this.#parser.on('packet', (packet) => {
      if (!this.take(packet)) this.packets.push(packet);
    });
  }

  send(packet: Packet): void {
    this.socket.write(mqtt.generate(packet, { protocolVersion: this.#version }));
  }

  /** Reads all that comes, from now on. */
  readAll(): void {
    clearInterval(this.#timer);
    this.socket
      .removeAllListeners('data')
      .on('data', (chunk) => this.#parser.parse(chunk))
      .resume();
  }

  /** Reads at most so many bytes a second from now on; 0: none at all. */
  readSlowly(bytesPerSecond: number): void {
    clearInterval(this.#timer);
    this.socket.removeAllListeners('data').pause();
    if (bytesPerSecond === 0) return;
    let allowed = 0;
    const tick = 20;
    this.#timer = setInterval(() => {
      allowed = Math.min(allowed + (bytesPerSecond * tick) / 1000, bytesPerSecond);
      const chunk: Buffer | null = this.socket.read(Math.min(Math.floor(allowed), this.socket.readableLength) || 1);
      if (!chunk) return;
      allowed -= chunk.length;
      this.#parser.parse(chunk);
    }, tick);
  }

  /** Waits for a packet of this kind, and takes it out of `packets`. */
  async next(cmd: Packet['cmd']): Promise<Packet> {
    const packet = await until(`packet ${cmd}`, () => this.packets.find((each) => each.cmd === cmd));
    this.packets.splice(this.packets.indexOf(packet), 1);
    return packet;
  }

  async subscribe(topic: string, qos: 0 | 1 = 0): Promise<void> {
    this.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos }] });
    await this.next('suback');
  }
}

/** A socket that has not said anything yet. */
export async function openRaw(t: Scope, address: Address, version: 4 | 5 = 4): Promise<RawMqtt> {
  const socket = net.connect(address);
  defer(t, () => void socket.destroy());
  const raw = new RawMqtt(socket, version);
  raw.readAll();
  await untilEvent(socket, 'connect');
  return raw;
}

/** One that is logged in. */
export async function connectRaw(t: Scope, address: Address, options: RawOptions = {}): Promise<RawMqtt> {
  const { username, password, version = 4, clientId = `raw-${Math.random()}`, clean = true } = options;
  const raw = await openRaw(t, address, version);
  raw.send({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: version,
    clientId,
    clean,
    keepalive: 0,
    username,
    password: password === undefined ? undefined : Buffer.from(password),
  });
  const answer = await raw.next('connack');
  if (answer.cmd === 'connack' && (answer.returnCode ?? answer.reasonCode) !== 0) throw new Error(`refused: ${JSON.stringify(answer)}`);
  return raw;
}
