"""System calls as the model records them: events, their rules, their text, and what they leave."""

# SPDX-License-Identifier: GPL-2.0-or-later
