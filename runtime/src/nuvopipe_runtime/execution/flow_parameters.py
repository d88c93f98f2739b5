"""A run's parameters on the flow object, where they differ from what Metaflow's command line makes of them."""

import base64


def with_bytes(values, binary):
    """Parameters whose files are bytes, which came as base64."""
    return {name: base64.b64decode(value) if name in binary and value is not None else value for name, value in values.items()}


def set_parameters(context, values):
    """Metaflow's constants of a run, for `_parameters` to keep. What has no value here is a secret, and none of it."""
    flow = context.flow
    secrets = [name for name, _ in flow._get_parameters() if name not in values]
    by_option = {name.lower(): value for name, value in (values | dict.fromkeys(secrets)).items()}
    flow._set_constants(context.graph, by_option, context.config_options)
    for name in secrets:
        delattr(flow, name)


def task_type(secrets):
    """`MetaflowTask`, for a flow whose secrets come with the task, and whose files have been read before."""
    from metaflow.includefile import IncludeFile
    from metaflow.task import MetaflowTask

    IncludeFile.load_parameter = lambda self, text: text

    class Task(MetaflowTask):
        def _init_parameters(self, parameter_ds, passdown=True):
            names = super()._init_parameters(parameter_ds, passdown)
            flow_class = type(self.flow)
            for name, value in secrets.items():
                # A property of the class, as all parameters are by now: Metaflow persists none of them.
                refuse = getattr(flow_class, name).fset
                setattr(flow_class, name, property(lambda _, value=value: value, refuse))
            return names

    return Task
