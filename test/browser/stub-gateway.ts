import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type WebSocket, WebSocketServer } from 'ws';
import { readAssets } from '../../services/gateway/assets.ts';
import type { Camera } from '../../services/gateway/page/camera.ts';
import { defer, type Scope } from '../helpers/cleanup.ts';
import { readFrames } from '../helpers/fake-camera.ts';
import { StubCamera } from './stub-camera.ts';

const assets = readAssets();
/** Where a gateway behind a proxy may be. */
const base = '/cams/';
const csp = "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; script-src 'self'; connect-src 'self' ws: wss:";
const boundary = 'stub';
const password = 'right';

/**
 * A gateway that plays faults: the page's files and routes as the real one serves them, and frames of ffmpeg's test picture.
 * Its clock goes wrong by an hour, as seen from the browser.
 */
export class StubGateway {
  readonly cameras = new Map<string, StubCamera>();
  /** Each with the ids of the cameras it watches. */
  readonly sockets = new Map<WebSocket, string[]>();
  /** Acknowledged pictures, and what was set. */
  acks = 0;
  readonly wishes: string[] = [];
  settingFault: string | null = null;
  readonly streams = new Set<ServerResponse>();
  /** Paths asked for, in order. */
  readonly asked: string[] = [];
  loggedIn = true;
  /** What it does to a WebSocket handshake; `down` breaks every request. */
  fault: 'none' | 'no-sockets' | 'down' = 'none';
  snapshotFault: string | null = null;
  streamFault: string | null = null;
  /** How far its clock is ahead, in ms. */
  skew = 3_600_000;
  readonly fps: number;
  readonly #frames: Buffer[];
  readonly #server = createServer((request, response) => this.#answer(request, response));
  readonly #upgrades = new WebSocketServer({ noServer: true });
  readonly #timers: NodeJS.Timeout[] = [];

  private constructor(frames: Buffer[], fps: number) {
    this.#frames = frames;
    this.fps = fps;
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  static async start(t: Scope, cameras: Partial<Camera>[] = [{ id: 'front', name: 'Front door' }], fps = 25): Promise<StubGateway> {
    const gateway = new StubGateway(await readFrames({ width: 640, height: 360, count: 30, bytes: 30_000 }), fps);
    for (const camera of cameras) gateway.add(camera);
    await new Promise<void>((resolve) => gateway.#server.listen(0, '127.0.0.1', resolve));
    let seq = 0;
    gateway.#timers.push(setInterval(() => gateway.#play(++seq), 1000 / fps));
    defer(t, () => gateway.#stop());
    return gateway;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${base}`;
  }

  get now(): number {
    return performance.timeOrigin + performance.now() + this.skew;
  }

  add(camera: Partial<Camera>): void {
    const added = new StubCamera(camera, this.#frames, this);
    this.cameras.set(added.view.id, added);
  }

  camera(id = 'front'): StubCamera {
    const camera = this.cameras.get(id);
    if (!camera) throw new Error(`no stub camera ${id}`);
    return camera;
  }

  /** Changes the camera's state, which its viewers hear of. */
  tell(change: Partial<Camera>, id = 'front'): void {
    const camera = this.camera(id);
    Object.assign(camera.view, change);
    for (const [socket, watched] of this.sockets) if (watched.includes(id)) this.#tell(socket, camera);
  }

  /** Cuts every WebSocket off without a word. */
  cut(): void {
    for (const socket of this.sockets.keys()) socket.terminate();
  }

  /** Closes every WebSocket with a code of the gateway's own. */
  close(code: number): void {
    for (const socket of this.sockets.keys()) socket.close(code);
  }

  /** As while the real one is away: nothing is answered, until `fault` is set back. */
  goDown(): void {
    this.fault = 'down';
    this.cut();
    this.#server.closeAllConnections();
  }

  async #stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.cut();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #play(seq: number): void {
    for (const [id, camera] of this.cameras) {
      const picture = camera.picture(seq);
      if (!picture) continue;
      for (const [socket, watched] of this.sockets) {
        if (!watched.includes(id) || socket.bufferedAmount > 0) continue;
        socket.send(Buffer.concat([Buffer.from(`${id}\0`), picture]));
        camera.sent++;
        camera.sentAt = performance.now();
      }
      for (const stream of this.streams) if (stream.req.url?.includes(`/${id}/`)) writePart(stream, picture);
    }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(request.url ?? '', 'http://stub').pathname;
    this.asked.push(path);
    if (this.fault === 'down') response.destroy();
    else if (!path.startsWith(base)) response.writeHead(404).end();
    else this.#route(path.slice(base.length), request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  }

  async #route(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Content-Security-Policy', csp);
    const [, id = '', what] = /^cameras\/([^/]+)\/(.*)$/.exec(path) ?? [];
    const isOpen = path === 'login' || path.startsWith('assets/');
    if (!this.loggedIn && !isOpen) {
      if (path === '') response.writeHead(303, { Location: 'login' }).end();
      else response.writeHead(401).end();
    } else if (path === '') this.#html(response, 'index.html');
    else if (path === 'login') await this.#login(request, response);
    else if (path === 'logout') this.#logOut(response);
    else if (path.startsWith('assets/')) this.#asset(response, path.slice('assets/'.length));
    else if (path === 'me') json(response, 200, { name: 'anna', by: 'user', admin: false, may: ['control:*'], cameras: {} });
    else if (path === 'cameras')
      json(
        response,
        200,
        [...this.cameras.values()].map(({ view }) => view),
      );
    else if (request.method === 'POST' && what) this.#set(response, `${id}/${what}=${await text(request)}`);
    else if (what === 'snapshot') this.#snapshot(response, this.camera(id));
    else if (what === 'stream') this.#stream(response);
    else response.writeHead(404).end();
  }

  #html(response: ServerResponse, name: string, error = '', status = 200): void {
    const html = assets.get(name)?.body.toString() ?? '';
    response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' }).end(html.replace('<!--error-->', error));
  }

  #asset(response: ServerResponse, name: string): void {
    const asset = assets.get(name);
    if (asset) response.writeHead(200, { 'Content-Type': asset.type }).end(asset.body);
    else response.writeHead(404).end();
  }

  async #login(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET') return this.#html(response, 'login.html');
    const form = new URLSearchParams(await text(request));
    if (form.get('password') !== password) {
      return this.#html(response, 'login.html', '<p class="error" role="alert">This password is not right.</p>', 401);
    }
    this.loggedIn = true;
    response.writeHead(303, { Location: './' }).end();
  }

  #logOut(response: ServerResponse): void {
    this.loggedIn = false;
    response.writeHead(303, { Location: 'login' }).end();
  }

  #snapshot(response: ServerResponse, camera: StubCamera): void {
    if (this.snapshotFault) {
      json(response, 503, { title: 'No picture', detail: this.snapshotFault });
      return;
    }
    response.writeHead(200, { 'Content-Type': 'image/jpeg', 'X-Timestamp': (this.now / 1000).toFixed(6) }).end(camera.frame(1));
  }

  #set(response: ServerResponse, wish: string): void {
    this.wishes.push(wish);
    if (this.settingFault) json(response, 422, { title: 'Refused', detail: this.settingFault });
    else json(response, 200, {});
  }

  #stream(response: ServerResponse): void {
    if (this.streamFault) {
      json(response, 503, { title: 'Full', detail: this.streamFault });
      return;
    }
    response.writeHead(200, { 'Content-Type': `multipart/x-mixed-replace;boundary=${boundary}` });
    response.write(`--${boundary}\r\n`);
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.asked.push(request.url ?? '');
    if (this.fault !== 'none' || request.url !== `${base}ws`) {
      return void socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
    }
    this.#upgrades.handleUpgrade(request, socket, head, (peer) => this.#welcome(peer));
  }

  #welcome(peer: WebSocket): void {
    if (!this.loggedIn) {
      peer.close(4401);
      return;
    }
    this.sockets.set(peer, []);
    peer.on('close', () => this.sockets.delete(peer));
    peer.on('message', (data: Buffer) => {
      const { ping, watch, ack } = JSON.parse(String(data)) as { ping?: number; watch?: object; ack?: string };
      if (ping !== undefined) peer.send(JSON.stringify({ type: 'pong', ping, now: this.now }));
      if (ack !== undefined) this.acks++;
      if (watch) this.#watch(peer, Object.keys(watch));
    });
  }

  #watch(peer: WebSocket, ids: string[]): void {
    const before = this.sockets.get(peer) ?? [];
    this.sockets.set(peer, ids);
    for (const id of ids) if (!before.includes(id)) this.#tell(peer, this.camera(id));
  }

  #tell(peer: WebSocket, { view }: StubCamera): void {
    peer.send(JSON.stringify({ type: 'state', ...view, now: this.now }));
  }
}

function writePart(stream: ServerResponse, picture: Buffer): void {
  stream.write(`Content-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
  stream.write(picture);
  stream.write(`\r\n--${boundary}\r\n`);
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { 'Content-Type': status === 200 ? 'application/json' : 'application/problem+json' })
    .end(JSON.stringify(body));
}
