"""nuvopipe's runtime: what runs inside a step action's container.

Three processes share the work:

* the **supervisor** is the process that OpenWhisk's launcher calls `main(args)` in. It alone knows the OpenWhisk key, talks
  to the object store, and walks the flow: `action` → `protocol` → `execution`, `store`.
* the **warm** process has imported Metaflow and the flow, has been through Metaflow's CLI once, has a single thread, opens
  no connection, and forks a task on request (`execution.warm`).
* a **task** is one fork of it. It runs the user's code under Metaflow's own `MetaflowTask` (`execution.task`) and reads and
  writes artifacts through a socket to the supervisor (`wire`, `storage`, `metadata`).
"""
