"""The detector's self-test for the window."""

from __future__ import annotations

from desktop_app.bootstrap.measuring import remembered_test, run_self_test
from desktop_app.services.desk_ports import TestProgress
from desktop_app.services.detector_runtime import RuntimeTest
from desktop_app.services.model_registry import resolve_model
from desktop_app.settings import EdgeSettings


class MachineSelfTest:
    """Implements ``SelfTest`` for the model in use, on this machine."""

    def __init__(self, settings: EdgeSettings) -> None:
        self._settings = settings

    def model(self) -> str:
        settings = self._settings
        return resolve_model(settings.model, data_dir=settings.data_dir, assets_dir=settings.assets_dir).name

    def remembered(self) -> RuntimeTest | None:
        settings = self._settings
        spec = resolve_model(settings.model, data_dir=settings.data_dir, assets_dir=settings.assets_dir)
        return remembered_test(spec, settings=settings)

    def run(self, progress: TestProgress) -> RuntimeTest | None:
        from desktop_app.adapters.detection.self_test import SelfTestCancelled

        try:
            return run_self_test(settings=self._settings, progress=progress)
        except SelfTestCancelled:
            return None
