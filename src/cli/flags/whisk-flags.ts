import { boolean, string } from '@oclif/core/flags';

/** Flags that select an OpenWhisk; others come from the environment or `.wskprops`. */
export const whiskFlags = {
  apihost: string({
    description: 'OpenWhisk API host [default: $__OW_API_HOST or .wskprops]',
    helpValue: 'HOST',
    helpGroup: 'OPENWHISK',
  }),
  auth: string({
    description: 'OpenWhisk key [default: $__OW_API_KEY or .wskprops]',
    helpValue: 'UUID:KEY',
    helpGroup: 'OPENWHISK',
  }),
  namespace: string({
    description: 'OpenWhisk namespace [default: that of the key]',
    helpValue: 'NAME',
    helpGroup: 'OPENWHISK',
  }),
  cafile: string({
    description: 'trust the certificate authorities in FILE too [default: $NODE_EXTRA_CA_CERTS]',
    helpValue: 'FILE',
    helpGroup: 'OPENWHISK',
  }),
  insecure: boolean({ description: 'do not verify the TLS certificate', helpGroup: 'OPENWHISK' }),
};
