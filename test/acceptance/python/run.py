"""Runs one module of tests and writes one line of JSON for each test."""

import json
import sys
import unittest


class Lines(unittest.TestResult):
    def startTest(self, test):
        super().startTest(test)
        self.problems = []

    def addSuccess(self, test):
        self._say(test, None)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._say(test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._say(test, self.errors[-1][1])

    def addSkip(self, test, reason):
        self._say(test, f'skipped: {reason}')

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._say(subtest, self._exc_info_to_string(err, test))

    def _say(self, test, problem):
        words = test.id().rsplit('.', 2)[-2:]
        print(json.dumps({'test': ' '.join(words).replace('_', ' '), 'problem': problem}), file=sys.__stdout__, flush=True)


# What the clients print is no result.
sys.stdout = sys.stderr
unittest.defaultTestLoader.loadTestsFromName(sys.argv[1]).run(Lines())
