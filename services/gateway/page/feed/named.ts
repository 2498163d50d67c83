/** No camera's id is longer (the contract). */
const MAX_ID = 32;

/** A binary message of `/ws`: the camera's id, a zero byte, the JPEG. Null when it is none. */
export function readNamed(message: ArrayBuffer): { id: string; jpeg: Uint8Array<ArrayBuffer> } | null {
  const bytes = new Uint8Array(message);
  const end = bytes.subarray(0, MAX_ID + 1).indexOf(0);
  return end > 0 ? { id: String.fromCharCode(...bytes.subarray(0, end)), jpeg: bytes.subarray(end + 1) } : null;
}
