"""./chiso audit: known vulnerabilities of the locked packages, asked of the public database OSV.

It is told names and versions of packages, nothing else (https://google.github.io/osv.dev/post-v1-querybatch).
"""

from __future__ import annotations

from collections.abc import Sequence

from packaging.requirements import Requirement

from chiso766 import requirements
from chiso766.errors import ChisoError

OSV = "https://api.osv.dev"
_PATIENCE_S = 60


def run(address: str = OSV) -> int:
    """Print each locked package with a known vulnerability; returns 1 if there is one."""
    packages = {
        (package.name, _version(package)): (package, name)
        for name in requirements.ALL
        for package in requirements.locked(name)
    }
    found = _known(address, [package for package, _ in packages.values()])
    for (package, name), vulnerabilities in zip(packages.values(), found, strict=True):
        for vulnerability in vulnerabilities:
            print(
                f"{name}: {package.name} {_version(package)} có lỗ hổng {vulnerability}"
                f" (https://osv.dev/vulnerability/{vulnerability}): hãy nâng lên bản đã vá."
            )
    affected = sum(map(bool, found))
    print(
        f"Đã hỏi OSV về {len(packages)} gói: {affected} gói có lỗ hổng đã biết."
        if affected
        else f"Đã hỏi OSV về {len(packages)} gói: không gói nào có lỗ hổng đã biết."
    )
    return int(affected > 0)


def _known(address: str, packages: Sequence[Requirement]) -> list[list[str]]:
    """The identifiers of the vulnerabilities of each package, in their order."""
    import httpx  # takes its time

    queries = [  # it takes a thousand at once
        {"package": {"ecosystem": "PyPI", "name": each.name}, "version": _version(each)}
        for each in packages
    ]
    try:
        answer = httpx.post(
            f"{address}/v1/querybatch", json={"queries": queries}, timeout=_PATIENCE_S
        ).raise_for_status()
        results = answer.json()["results"]
        found = [[each["id"] for each in result.get("vulns", [])] for result in results]
    except (httpx.HTTPError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ChisoError(
            f"Không hỏi được OSV ở {address} ({type(error).__name__}) nên chưa biết gói nào có lỗ"
            " hổng: hãy kiểm tra mạng rồi chạy lại."
        ) from error
    if len(found) != len(packages):
        raise ChisoError(
            f"OSV ở {address} chỉ trả lời về {len(found)} trong {len(packages)} gói: hãy chạy lại."
        )
    return found


def _version(package: Requirement) -> str:
    [exact] = package.specifier
    return exact.version
