/** The AWS SDK, loaded only when needed because importing it takes longer than the rest of a command. */
export function sdk(): Promise<typeof import('@aws-sdk/client-s3')> {
  // Node 20 is supported as long as the SDK supports it; its warning would appear in every command.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
  return import('@aws-sdk/client-s3');
}
