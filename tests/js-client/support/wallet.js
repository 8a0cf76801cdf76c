// Wallets outside the app, as an extension of the official client brings them.

import { baseUrl, environmentId } from './sandbox.js'

import { generateKeyPairSync, sign } from 'node:crypto'

import { WalletProviderPriority, formatWalletProviderKey, getWalletProviderRegistry } from '@dynamic-labs-sdk/client/core'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'

const hex = (bytes) => Buffer.from(bytes).toString('hex')

/** A wallet of Ethereum with a key of its own. */
export function ethereumWallet() {
  const { secretKey } = secp256k1.keygen()
  const lower = hex(keccak_256(secp256k1.getPublicKey(secretKey, false).slice(1)).slice(12))
  const hash = hex(keccak_256(Buffer.from(lower)))
  const digits = [...lower].map((digit, at) => (parseInt(hash[at], 16) >= 8 ? digit.toUpperCase() : digit))
  return {
    address: `0x${digits.join('')}`,
    chain: 'EVM',
    networkId: '137',
    sign: (message) => {
      const text = Buffer.from(message)
      const digest = keccak_256(Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${text.length}`), text]))
      const signature = secp256k1.sign(digest, secretKey, { format: 'recovered', prehash: false })
      return `0x${hex(signature.slice(1))}${hex([27 + signature[0]])}`
    },
  }
}

/** A wallet of Solana with a key of its own. */
export function solanaWallet() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  return {
    address: base58(Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url')),
    chain: 'SOL',
    networkId: '101',
    sign: (message) => sign(null, Buffer.from(message), privateKey).toString('base64'),
  }
}

/** Gives a client a wallet, and the key under which it knows it. */
export function addWallet(client, wallet) {
  const { chain } = wallet
  const [displayName, walletProviderType] = ['Test Wallet', 'browserExtension']
  const key = formatWalletProviderKey({ chain, displayName, walletProviderType })
  getWalletProviderRegistry(client).register({
    priority: WalletProviderPriority.WALLET_SDK,
    walletProvider: {
      chain,
      connect: async () => ({ addresses: [{ address: wallet.address }] }),
      getActiveNetworkId: async () => ({ networkId: wallet.networkId }),
      getConnectedAddresses: async () => ({ addresses: [wallet.address] }),
      groupKey: 'testwallet',
      key,
      metadata: { displayName, icon: '' },
      signMessage: async ({ message }) => ({ signature: wallet.sign(message) }),
      walletProviderType,
    },
  })
  return key
}

/** Lets this process go by the sandbox's clock, which other tests move: a message says when it was signed. */
export async function followClock() {
  const response = await fetch(`${baseUrl}/sdk/${environmentId}/nonce`)
  const offset = Date.parse(response.headers.get('date')) - RealDate.now()
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      super(...(args.length ? args : [RealDate.now() + offset]))
    }
    static now() {
      return RealDate.now() + offset
    }
  }
}
const RealDate = Date

function base58(bytes) {
  const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
  let digits = ''
  for (let number = BigInt(`0x${hex(bytes)}`); number > 0n; number /= 58n) digits = alphabet[number % 58n] + digits
  return '1'.repeat(bytes.findIndex((byte) => byte !== 0)) + digits
}
