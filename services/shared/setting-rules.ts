/** What the text of a setting may be, and what it then means. Pure. */
import { isIP } from 'node:net';
import * as v from 'valibot';
import { CAMERA_ID } from './contract.ts';
import { parseRights, type Rights } from './rights.ts';

/** One entry of `CAMERAS`, or the one camera of `CAMERA_ID` and `CAMERA_SOURCE`. */
export interface CameraEntry {
  id: string;
  source: string;
}

/** A setting: how its text is read, what stands for it when it is absent, and what would be right, for the message. */
export interface Rule<T> {
  read: v.GenericSchema<string, T>;
  /** Or made of what was given, where a part of it is at fault. */
  right: string | ((given: string) => string);
}

export const text: Rule<string> = { read: v.string(), right: 'some text' };
export const flag: Rule<boolean> = { read: v.pipe(v.picklist(['true', 'false']), v.parseBoolean()), right: 'true or false' };
export const onOff: Rule<boolean> = { read: v.pipe(v.picklist(['on', 'off']), v.parseBoolean()), right: 'on or off' };
export const port: Rule<number> = wholeNumber(0, 65_535);
export const topicLevels: Rule<string> = {
  read: matching(/^[^+#/$\p{Cc}\p{Cs}\p{NChar}][^+#\p{Cc}\p{Cs}\p{NChar}]{0,99}(?<!\/)$/u),
  right: 'a topic without +, # and a slash at its ends',
};
export const cameraId: Rule<string> = { read: matching(CAMERA_ID), right: 'a small letter or digit, then at most 31 of a-z 0-9 _ -' };
export const size: Rule<{ width: number; height: number }> = {
  read: v.pipe(
    matching(/^[1-9]\d{1,3}x[1-9]\d{1,3}$/),
    v.transform((given) => given.split('x').map(Number)),
    v.transform(([width = 0, height = 0]) => ({ width, height })),
  ),
  right: 'a width and height such as 1280x720',
};
export const url: Rule<string> = {
  // The address stands in messages, so it holds no login.
  read: v.pipe(matching(/^(mqtts?|wss?):\/\/[^/@]+(\/|$)|^mqtt\+unix:\/\/\/./), v.url()),
  right:
    'an address such as mqtt://192.168.1.2:1883, mqtts://…, ws://…, wss://… or mqtt+unix:///run/homeguard/broker.sock; ' +
    'the login stands in MQTT_USERNAME and MQTT_PASSWORD',
};
export const houseUrl: Rule<string> = { ...url, right: String(url.right).replaceAll('MQTT_', 'BRIDGE_') };
export const pageUrl: Rule<string> = {
  read: v.pipe(matching(/^https?:\/\/[^/@?#]+(\/[^?#]*)?$/), v.url()),
  right: 'an address such as http://raspberrypi.local:8080/ or https://cams.example.org/',
};
/** A request's header by which a proxy names a user; none that means something else already. */
export const headerName: Rule<string> = {
  read: v.pipe(
    v.string(),
    v.toLowerCase(),
    v.regex(
      /^(?!(?:authorization|cookie|host|origin|referer|user-agent|accept|upgrade|connection|content-.*|x-forwarded-.*)$)[a-z][a-z0-9-]{1,63}$/,
    ),
  ),
  right: 'the name of a header in which your proxy names the user, such as Remote-User or X-Remote-User',
};
export const rights: Rule<Rights> = {
  read: v.pipe(v.string(), v.check(isRights), v.transform(rightsOf)),
  right: 'rights with commas between, such as read:* or read:front,control:door',
};
export const source: Rule<string> = {
  read: v.pipe(v.string(), v.check(isSource)),
  right: 'device, auto, test, a device path, usb:{part of its name}, a video file, or an rtsp:// or http:// address',
};
export const basePath: Rule<string> = {
  read: v.pipe(
    matching(/^\/([A-Za-z0-9._~-]+\/?)*$/),
    v.transform((given) => given.replace(/(?<!\/)$/, '/')),
  ),
  right: 'a path such as / or /cameras/',
};
export const cameras: Rule<CameraEntry[]> = {
  read: v.pipe(
    v.string(),
    v.includes('='),
    v.transform((given) => given.split(/,(?=[^,=]*=)/).map(cameraOf)),
    v.everyItem(({ id, source }) => CAMERA_ID.test(id) && isSource(source)),
    v.check((entries) => new Set(entries.map(({ id }) => id)).size === entries.length),
  ),
  right: 'different ids with their sources, such as front=/dev/video0,door=/dev/video2',
};
export const networks: Rule<string[]> = {
  read: v.pipe(v.string(), v.transform(entriesOf), v.everyItem(isNetwork)),
  right: (given) => {
    const wrong = entriesOf(given).filter((entry) => !isNetwork(entry));
    const isOne = wrong.length === 1;
    return (
      'IP addresses and networks with commas between, such as 127.0.0.1,172.16.0.0/12; ' +
      `${wrong.map((entry) => `"${entry}"`).join(', ')} ${isOne ? 'is' : 'are'} neither`
    );
  },
};

function cameraOf(entry: string): CameraEntry {
  const end = entry.indexOf('=');
  return { id: entry.slice(0, end).trim(), source: entry.slice(end + 1).trim() };
}

function entriesOf(list: string): string[] {
  return list.split(',').map((entry) => entry.trim());
}

function isNetwork(entry: string): boolean {
  const [, address = '', bits = '0'] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  return isIP(address) > 0 && Number(bits) <= (isIP(address) === 6 ? 128 : 32);
}

function rightsOf(list: string): Rights {
  return parseRights(list.split(',').map((right) => right.trim()));
}

function isRights(list: string): boolean {
  try {
    rightsOf(list);
    return true;
  } catch {
    // The message tells what would be right.
    return false;
  }
}

/** Longest source that is taken, in characters. */
const MAX_SOURCE = 2_048;

function isSource(value: string): boolean {
  if (value === '' || value.length > MAX_SOURCE || value.includes('\0')) return false;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(value)?.[1]?.toLowerCase();
  if (!scheme) return true;
  if (scheme === 'usb') return value.length > 4;
  // In an address they would be lines of their own to ffmpeg, or to the camera.
  if (/[\s\p{Cc}]/u.test(value)) return false;
  return ['rtsp', 'rtsps', 'http', 'https'].includes(scheme) && URL.canParse(value) && new URL(value).host !== '';
}

export function matching(pattern: RegExp) {
  return v.pipe(v.string(), v.regex(pattern));
}

export function oneOf<const T extends string>(...words: [T, T, ...T[]]): Rule<T> {
  return { read: v.picklist(words), right: `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` };
}

export function wholeNumber(least: number, most: number): Rule<number> {
  return {
    read: v.pipe(matching(/^\d{1,15}$/), v.transform(Number), v.minValue(least), v.maxValue(most)),
    right: `a whole number from ${least} to ${most}`,
  };
}
