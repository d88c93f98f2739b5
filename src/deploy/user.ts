import { userInfo } from 'node:os';

/** The user as Metaflow's own clients know them (`get_username` of metaflow.util). */
export function metaflowUser(env = process.env): string {
  return env.METAFLOW_USER || env.SUDO_USER || env.USERNAME || env.USER || userInfo().username;
}
