//! What an element says of itself, and what comes of it among those around it.

use super::colour::{Colour, blends};
use super::declaration::{Declaration, Property, Value};

/// The declarations that won, each with its rank in the cascade.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Style([Option<(u32, Value)>; Property::COUNT]);

impl Style {
    /// The rank of attributes such as `bgcolor` and of what a browser does by itself.
    pub(crate) const ATTRIBUTE: u32 = 0;
    /// The rank of a `style` attribute.
    pub(crate) const INLINE: u32 = 1 << 30;
    const IMPORTANT: u32 = 1 << 31;

    /// Lays a declaration over what was said before; of two with one rank the later holds.
    pub(crate) fn lay(&mut self, said: &Declaration, rank: u32) {
        let rank = if said.important { rank | Self::IMPORTANT } else { rank };
        let slot = &mut self.0[said.property as usize];
        if slot.is_none_or(|(known, _)| rank >= known) {
            *slot = Some((rank, said.value));
        }
    }

    /// Whether the element was made inline.
    pub(crate) fn is_inline(&self) -> bool {
        self.number(Property::Display).is_some()
    }

    /// What won, for laying it over another style.
    pub(crate) fn winners(&self) -> impl Iterator<Item = Declaration> {
        const EVERY: [Property; Property::COUNT] = Property::EVERY;
        EVERY.into_iter().filter_map(|property| {
            let (_, value) = self.0[property as usize]?;
            Some(Declaration { property, value, important: false })
        })
    }

    fn get(&self, property: Property) -> Option<Value> {
        self.0[property as usize].map(|(_, value)| value)
    }

    fn is(&self, property: Property) -> bool {
        self.get(property) == Some(Value::Yes)
    }

    fn number(&self, property: Property) -> Option<f32> {
        match self.get(property) {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        }
    }

    fn colour(&self, property: Property) -> Option<Colour> {
        match self.get(property) {
            Some(Value::Colour(colour)) => Some(colour),
            _ => None,
        }
    }

    /// Whether nothing inside can be seen, whatever it says of itself.
    fn gone(&self) -> bool {
        use Property as P;
        const FAR: f32 = -500.0;
        const BEYOND: f32 = 3000.0;
        if [P::Display, P::ClipPath, P::Transform, P::Filter, P::Spacing].iter().any(|way| self.is(*way)) {
            return true;
        }
        let lifted = self.is(P::Position);
        let moved = lifted || self.number(P::Position).is_some();
        let off = |property| self.number(property).is_some_and(|px| px <= FAR || px >= BEYOND);
        if (lifted && self.is(P::Clip))
            || (moved && [P::Left, P::Right, P::Top, P::Bottom].into_iter().any(off))
            || [P::MarginLeft, P::MarginTop, P::Indent]
                .into_iter()
                .any(|property| self.number(property).is_some_and(|px| px <= FAR))
        {
            return true;
        }
        // A box without room hides its text only if what flows over is cut off.
        let flat = |property| self.number(property).is_some_and(|px| px <= 1.0);
        self.is(P::Overflow)
            && ([P::Height, P::MaxHeight, P::Width, P::MaxWidth].into_iter().any(flat)
                || (self.get(P::Height).is_none() && self.number(P::LineHeight).is_some_and(|px| px <= 0.1))
                || self.number(P::Indent).is_some_and(|px| px >= 1000.0))
    }
}

/// How text at a place looks: what was inherited and what the element itself said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    gone: bool,
    invisible: bool,
    size: f32,
    opacity: f32,
    colour: Colour,
    background: Colour,
}

impl Look {
    /// Mail is read in black on white unless it says otherwise.
    pub(crate) const PLAIN: Self = Self {
        gone: false,
        invisible: false,
        size: 16.0,
        opacity: 1.0,
        colour: Colour::BLACK,
        background: Colour::WHITE,
    };

    /// How the inside of an element looks that stands here.
    pub(crate) fn inside(&self, own: &Style, foreign: bool) -> Self {
        use Property as P;
        let mut look = *self;
        look.gone |= own.gone();
        match own.get(P::Visibility) {
            Some(Value::Yes) => look.invisible = true,
            Some(Value::No) => look.invisible = false,
            _ => {}
        }
        match own.get(P::Size) {
            Some(Value::Number(px)) => look.size = px,
            Some(Value::Em(parts)) => look.size *= parts,
            _ => {}
        }
        if let Some(share) = own.number(P::Opacity) {
            look.opacity *= share.clamp(0.0, 1.0);
        }
        let mut said = own.colour(P::Colour);
        if let Some(fill) = own.colour(if foreign { P::Fill } else { P::TextFill }) {
            said = Some(fill);
        }
        match said {
            Some(Colour::Inherit | Colour::Current) | None => {}
            Some(colour) => look.colour = colour,
        }
        match own.colour(P::Background) {
            Some(Colour::Inherit) | None => {}
            Some(Colour::Current) => look.background = look.colour,
            Some(colour) => look.background = colour.over(look.background),
        }
        if own.is(P::ClippedToText) {
            // Letters painted with the background: clear on purpose, and seen.
            look.colour = Colour::Unknown;
        }
        look
    }

    /// The look of what no browser shows.
    pub(crate) fn never_shown(&self) -> Self {
        Self { gone: true, ..*self }
    }

    /// Whether a person cannot read text that looks so.
    pub(crate) fn hides(&self) -> bool {
        const TINY: f32 = 3.0;
        self.gone
            || self.invisible
            || self.size <= TINY
            || self.opacity <= 0.05
            || blends(self.colour, self.background)
    }
}

#[cfg(test)]
mod tests {
    use super::super::declarations;
    use super::*;

    fn hides(css: &str) -> bool {
        let mut style = Style::default();
        for said in declarations(css) {
            style.lay(&said, Style::INLINE);
        }
        Look::PLAIN.inside(&style, false).hides()
    }

    #[test]
    fn the_ways_to_hide_text_are_known() {
        for css in [
            "display:none",
            "DISPLAY : none !important",
            "display:none!important;display:block",
            "d\\69splay:none",
            "display:/**/none",
            "background:url('a;b');display:none",
            "visibility:hidden",
            "opacity:0",
            "opacity: 0.01",
            "opacity:2%",
            "filter:opacity(0%)",
            "font-size:0",
            "font-size:1px",
            "font-size:.05em",
            "font-size:3%",
            "font:0/0 a",
            "position:absolute;left:-9999px",
            "position:absolute;inset:-999em",
            "position:relative;top:-100vh",
            "position:fixed;left:99999px",
            "margin-left:-9999px",
            "margin:0 0 0 -9999px",
            "text-indent:-999em",
            "text-indent:100%;overflow:hidden;white-space:nowrap",
            "max-height:0;overflow:hidden",
            "width:0;height:0;overflow:hidden",
            "height:1px;overflow:clip",
            "line-height:0;overflow:hidden",
            "position:absolute;clip:rect(0 0 0 0)",
            "position:absolute;clip:rect(1px,1px,1px,1px)",
            "clip-path:inset(100%)",
            "clip-path:inset(50%)",
            "clip-path:circle(0)",
            "clip-path:polygon(0 0, 0 0, 0 0)",
            "transform:scale(0)",
            "transform:rotate(3deg) scaleX(0)",
            "transform:translateX(-9999px)",
            "transform:rotateY(90deg)",
            "letter-spacing:-1em",
            "content-visibility:hidden",
            "color:#fff",
            "color:transparent",
            "-webkit-text-fill-color:transparent",
            "color:#000;background:#010101",
            "background:black",
            "background:currentcolor",
            "background:linear-gradient(#000,#010101)",
            "color:rgba(0,0,0,.01)",
        ] {
            assert!(hides(css), "{css}");
        }
    }

    #[test]
    fn their_innocent_twins_hide_nothing() {
        for css in [
            "display:block",
            "display:none;display:block",
            "dis/**/play:none",
            "mso-hide:all",
            "opacity:.8",
            "filter:opacity(80%) blur(1px)",
            "font-size:12px",
            "font-size:100%",
            "font:bold 12px/1.5 Arial",
            "font:400 14px Arial",
            "left:-9999px",
            "position:absolute;left:-1px;top:40px",
            "margin-left:-20px",
            "margin:0 auto",
            "max-height:0",
            "width:1px",
            "max-height:0;overflow:visible",
            "line-height:0",
            "height:40px;line-height:0;overflow:hidden",
            "clip:rect(0 0 0 0)",
            "position:absolute;clip:rect(0,60px,200px,0)",
            "position:absolute;clip:rect(auto,auto,auto,auto)",
            "clip-path:inset(10% round 4px)",
            "clip-path:circle(50%)",
            "clip-path:polygon(0 0, 100% 0, 50% 100%)",
            "transform:scale(0.9)",
            "transform:translate(-50%,-50%)",
            "transform:rotate(90deg)",
            "letter-spacing:-.5px",
            "background:#000 url(a.png);color:#000",
            "background:linear-gradient(90deg,#000,#fff)",
            "background:-webkit-linear-gradient(left,#f00,#00f);-webkit-background-clip:text;color:transparent",
            "color:var(--x)",
            "color:#666",
        ] {
            assert!(!hides(css), "{css}");
        }
    }
}
