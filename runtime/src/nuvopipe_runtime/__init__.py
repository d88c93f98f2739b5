"""nuvopipe's runtime: what runs inside a step action's container.

Four kinds of processes share the work:

* the **supervisor** is the process in which OpenWhisk's launcher calls `main(args)`. It talks to
  the object store and walks the flow: `action` → `protocol` → `execution`, `store`.
* the **loader** has imported Metaflow and the flow, and has been through Metaflow's CLI once. It has a single thread, opens
  no connection, and forks warm processes (`execution.loader`).
* a **warm** process has one set of variables and secrets, and has imported those libraries of its steps that survive a
  fork. It forks a task on request (`execution.warm`).
* a **task** is a fork of a warm process. It imports the user's modules and runs the user's code under Metaflow's own
  `MetaflowTask` (`execution.task`), and reads and writes artifacts through sockets to the supervisor (`wire`, `connections`,
  `storage`).
"""
