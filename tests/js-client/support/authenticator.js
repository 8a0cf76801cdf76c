// A software authenticator, in the place where the client asks the browser for one.

import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** The page that asks. */
const origin = 'http://localhost:3000'

const USER_PRESENT = 0x01
const USER_VERIFIED = 0x04
const HAS_ATTESTED = 0x40

/** An authenticator that counts its signatures and has room for many passkeys. */
export class Authenticator {
  #passkeys = new Map()

  isSupported() {
    return true
  }

  async register({ optionsJSON: { challenge, excludeCredentials, pubKeyCredParams, rp } }) {
    if (excludeCredentials.some(({ id }) => this.#passkeys.has(id))) throw new Error('registered already')
    if (!pubKeyCredParams.some(({ alg }) => alg === -7)) throw new Error('ES256 is not asked for')
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const rawId = randomBytes(32)
    const id = rawId.toString('base64url')
    this.#passkeys.set(id, { counter: 0, privateKey, rpId: rp.id })
    const { x, y } = publicKey.export({ format: 'jwk' })
    // { 1: 2, 3: -7, -1: 1, -2: x, -3: y }
    const key = Buffer.concat([hex('a5010203262001215820'), base64url(x), hex('225820'), base64url(y)])
    const attested = Buffer.concat([Buffer.alloc(16), hex('0020'), rawId, key])
    const data = authenticatorData(rp.id, USER_PRESENT | USER_VERIFIED | HAS_ATTESTED, 0, attested)
    // { "fmt": "none", "attStmt": {}, "authData": data }
    const object = Buffer.concat([
      hex('a363666d74646e6f6e656761747453746d74a068617574684461746158'),
      Buffer.of(data.length),
      data,
    ])
    return credential(id, {
      attestationObject: object.toString('base64url'),
      clientDataJSON: clientData('webauthn.create', challenge).toString('base64url'),
      transports: ['internal', 'usb'],
    })
  }

  async authenticate({ optionsJSON: { allowCredentials, challenge, rpId, userVerification } }) {
    const allowed = allowCredentials.find(({ id, type }) => type === 'public-key' && this.#passkeys.has(id))
    const passkey = this.#passkeys.get(allowed?.id)
    if (passkey?.rpId !== rpId || userVerification !== 'required') throw new Error('no such passkey')
    passkey.counter += 1
    const data = authenticatorData(rpId, USER_PRESENT | USER_VERIFIED, passkey.counter)
    const client = clientData('webauthn.get', challenge)
    const signature = sign('sha256', Buffer.concat([data, sha256(client)]), passkey.privateKey)
    return credential(allowed.id, {
      authenticatorData: data.toString('base64url'),
      clientDataJSON: client.toString('base64url'),
      signature: signature.toString('base64url'),
    })
  }

  /** Counts on from there, as a copy that was made earlier. */
  rewind(counter) {
    for (const passkey of this.#passkeys.values()) passkey.counter = counter
  }
}

const credential = (id, response) => ({
  authenticatorAttachment: 'platform',
  clientExtensionResults: {},
  id,
  rawId: id,
  response,
  type: 'public-key',
})

const clientData = (type, challenge) =>
  Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }))

function authenticatorData(rpId, flags, counter, attested = Buffer.alloc(0)) {
  const count = Buffer.alloc(4)
  count.writeUInt32BE(counter)
  return Buffer.concat([sha256(rpId), Buffer.of(flags), count, attested])
}

const sha256 = (data) => createHash('sha256').update(data).digest()

const hex = (digits) => Buffer.from(digits, 'hex')

const base64url = (text) => Buffer.from(text, 'base64url')
