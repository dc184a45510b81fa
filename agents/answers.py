"""Structured answers: the schemas that models fill in, which are part of the contract (docs/contract.md)."""

from typing import Literal

from pydantic import BaseModel, Field


class Route(BaseModel):
    """How hard the request is and which pattern should do it."""

    complexity: Literal["SIMPLE", "MEDIUM", "COMPLEX", "CRITICAL"] = Field(
        description="how hard the request is"
    )
    pattern: Literal["graph", "swarm"] = Field(default="graph", description="graph when the way is clear")
    confidence: float = Field(default=0.5, ge=0, le=1, description="how sure you are, 0 to 1")
    reason: str = Field(default="", description="one short sentence that a user can argue with")


NO_VERDICT = "The reviewer gave no verdict that could be read."
"""What must be fixed when a reviewer's answer says nothing."""


class Verdict(BaseModel):
    """The verdict on a change."""

    approved: bool = Field(description="true when the change can be shipped as it is")
    must_fix: list[str] = Field(default_factory=list, description="what has to change first, one point each")
    untested: list[str] = Field(
        default_factory=list, description="behaviour that no test proves and that needs one, one point each"
    )


class DesignVerdict(BaseModel):
    """The verdict on a design, before anyone builds it."""

    approved: bool = Field(description="true when it can be built as it is")
    must_fix: list[str] = Field(
        default_factory=list, description="what the design must settle or change first, one point each"
    )
    risks: list[str] = Field(
        default_factory=list,
        description="what stays risky even so, and the reviewer of the code must look at",
    )


AnyVerdict = Verdict | DesignVerdict
