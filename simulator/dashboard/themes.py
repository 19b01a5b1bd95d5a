"""The dashboard's own themes, from the palette of Okabe and Ito, which people with any colour vision can tell apart."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="pnc-dark",
    primary="#56B4E9",
    secondary="#0072B2",
    accent="#56B4E9",
    success="#2BC59A",
    warning="#F0C23C",
    error="#FF7F50",
    foreground="#E6EAF0",
    background="#101418",
    surface="#161B21",
    panel="#222A33",
    dark=True,
    variables={"block-cursor-background": "#13324A", "block-cursor-foreground": "#FFFFFF"},
)
LIGHT = Theme(
    name="pnc-light",
    primary="#0072B2",
    secondary="#56B4E9",
    accent="#005F95",
    success="#00664A",
    warning="#7A5200",
    error="#A63A00",
    foreground="#15191E",
    background="#FBFBF8",
    surface="#FFFFFF",
    panel="#E4E8EC",
    dark=False,
    variables={"block-cursor-background": "#BFDDF0", "block-cursor-foreground": "#15191E"},
)
THEMES = (DARK, LIGHT)
