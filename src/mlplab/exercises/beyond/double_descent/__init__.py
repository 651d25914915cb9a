"""Double descent: the test error falls, rises and falls again with width."""
