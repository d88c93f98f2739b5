"""Steps that call an action or another flow."""
