/** The AWS SDK, loaded only by what really talks to S3: it costs more to import than the rest of a command. */
export function sdk(): Promise<typeof import('@aws-sdk/client-s3')> {
  // Node 20 is supported until the SDK says otherwise; its notice would be noise in every command.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  return import('@aws-sdk/client-s3');
}
