/** What comes and goes over the bus beside topic and payload: the properties of MQTT 5. Pure. */
import type mqtt from 'mqtt';
import type { Stamp } from './contract.ts';

type Properties = mqtt.IClientPublishOptions['properties'] & object;

export interface Message {
  topic: string;
  payload: Buffer;
  retain: boolean;
  /** Where its sender wants the answer, and what is to come back with it (MQTT 5.0, 4.10). */
  responseTopic?: string;
  correlationData?: Buffer;
  /** After so many seconds it is no longer true (MQTT 5). */
  expirySeconds?: number;
  /** MQTT 5 user properties; of a name that comes twice, the last. */
  user: Record<string, string>;
}

/** What goes out with a delivery; MQTT 3.1.1 subscribers get the payload only. */
export interface Accompaniment {
  retain?: boolean;
  /** The payload is a picture. */
  stamp?: Stamp;
  /** Further MQTT 5 user properties. */
  user?: Record<string, string>;
  /** Of a payload that is no picture, where it has to be told. */
  contentType?: string;
  correlationData?: Buffer;
}

/** What MQTT 5 subscribers get with a picture. */
export function pictureProperties(stamp: Stamp | null, user: Record<string, string> = {}): Properties {
  const own = stamp && { seq: String(stamp.seq), t: String(stamp.t) };
  return { contentType: 'image/jpeg', userProperties: { ...own, ...user } };
}

/** The properties of a delivery. */
export function accompanimentOf({ stamp, user, contentType, correlationData }: Accompaniment): Properties {
  return {
    ...(contentType && { contentType }),
    ...(stamp ? pictureProperties(stamp, user) : user && { userProperties: user }),
    ...(correlationData && { correlationData }),
  };
}

/** A packet of MQTT.js as what it says. */
export function messageOf({ topic, payload, retain, properties }: mqtt.IPublishPacket): Message {
  const user = Object.entries(properties?.userProperties ?? {}).map(([name, value]) => [
    name,
    Array.isArray(value) ? (value.at(-1) ?? '') : value,
  ]);
  return {
    topic,
    payload: Buffer.isBuffer(payload) ? payload : Buffer.from(payload),
    retain,
    responseTopic: properties?.responseTopic,
    correlationData: properties?.correlationData,
    expirySeconds: properties?.messageExpiryInterval,
    user: Object.fromEntries(user),
  };
}
