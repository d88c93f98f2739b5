import { userInfo } from 'node:os';

/** The user as Metaflow's own clients know them (`get_username` in metaflow.util), which reject "root". */
export function metaflowUser(env = process.env): string | undefined {
  const candidates = [env.METAFLOW_USER, env.SUDO_USER, env.USERNAME, env.USER, userInfo().username];
  return candidates.find((name) => name && name !== 'root');
}
