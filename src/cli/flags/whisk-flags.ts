import { boolean, string } from '@oclif/core/flags';

/** Flags that say which OpenWhisk; what they leave out comes from the environment or `.wskprops`. */
export const whiskFlags = {
  apihost: string({
    description: 'the OpenWhisk; without it __OW_API_HOST or .wskprops',
    helpValue: 'HOST',
    helpGroup: 'OPENWHISK',
  }),
  auth: string({
    description: 'its key; without it __OW_API_KEY or .wskprops',
    helpValue: 'UUID:KEY',
    helpGroup: 'OPENWHISK',
  }),
  namespace: string({
    description: 'its namespace; by default the key’s own',
    helpValue: 'NAME',
    helpGroup: 'OPENWHISK',
  }),
  insecure: boolean({ description: 'do not check its certificate', helpGroup: 'OPENWHISK' }),
};
