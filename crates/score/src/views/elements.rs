//! What is known of HTML elements by their names.

/// Elements that have no content.
pub(super) fn is_void(name: &str) -> bool {
    const VOID: [&str; 19] = [
        "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "img", "input", "keygen",
        "link", "meta", "param", "source", "track", "wbr", "image",
    ];
    VOID.contains(&name)
}

/// Elements that start on a line of their own.
pub(super) fn is_block(name: &str) -> bool {
    const BLOCK: [&str; 44] = [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "option",
        "p",
        "pre",
        "section",
        "select",
        "summary",
        "table",
        "td",
        "textarea",
        "th",
        "title",
        "tr",
        "ul",
    ];
    BLOCK.contains(&name)
}

/// Elements whose start closes an open paragraph (HTML 13.2.6.4.7).
pub(super) fn closes_paragraph(name: &str) -> bool {
    is_block(name)
        && !matches!(
            name,
            "body" | "br" | "caption" | "option" | "select" | "td" | "textarea" | "th" | "title" | "tr"
        )
}

/// Elements that are opened again where a block ended before they did (HTML 13.2.4.3).
pub(super) fn is_formatting(name: &str) -> bool {
    matches!(
        name,
        "a" | "b"
            | "big"
            | "code"
            | "em"
            | "font"
            | "i"
            | "nobr"
            | "s"
            | "small"
            | "strike"
            | "strong"
            | "tt"
            | "u"
    )
}

/// Elements that an end tag of an ordinary element cannot reach across (HTML 13.2.4.2).
pub(super) fn is_special(name: &str) -> bool {
    is_block(name)
        || bounds_scope(name)
        || matches!(
            name,
            "head" | "iframe" | "noscript" | "tbody" | "tfoot" | "thead" | "colgroup" | "button" | "xmp"
        )
}

/// Elements that no end tag from inside them closes anything outside of.
pub(super) fn bounds_scope(name: &str) -> bool {
    matches!(
        name,
        "html" | "body" | "table" | "td" | "th" | "caption" | "template" | "object" | "marquee" | "applet"
    )
}

/// The parts of a table that hold no text: what is written there stands before the table.
pub(super) fn is_table_frame(name: &str) -> bool {
    matches!(name, "table" | "tbody" | "thead" | "tfoot" | "tr" | "colgroup")
}

/// Elements that may stand right in the frame of a table.
pub(super) fn fits_table_frame(name: &str) -> bool {
    is_table_frame(name) && name != "table"
        || matches!(name, "td" | "th" | "caption" | "col" | "style" | "script" | "template")
}

/// Elements that a head may have; any other starts the body.
pub(super) fn fits_head(name: &str) -> bool {
    matches!(
        name,
        "base"
            | "basefont"
            | "bgsound"
            | "link"
            | "meta"
            | "title"
            | "style"
            | "script"
            | "noscript"
            | "template"
            | "noframes"
            | "head"
            | "html"
    )
}

/// Elements that no browser shows the text of.
pub(super) fn is_never_shown(name: &str, foreign: bool) -> bool {
    if foreign {
        return matches!(
            name,
            "title"
                | "desc"
                | "metadata"
                | "defs"
                | "symbol"
                | "clippath"
                | "clipPath"
                | "mask"
                | "pattern"
                | "marker"
                | "lineargradient"
                | "linearGradient"
                | "radialGradient"
                | "style"
                | "script"
                | "annotation"
                | "annotation-xml"
        );
    }
    matches!(
        name,
        "template"
            | "head"
            | "title"
            | "datalist"
            | "noframes"
            | "noembed"
            | "iframe"
            | "rp"
            | "style"
            | "script"
    )
}

/// Whether a word between angle brackets is markup, rather than something that only looks so.
pub(super) fn is_known(name: &str) -> bool {
    const INLINE: [&str; 38] = [
        "abbr", "acronym", "bdi", "bdo", "cite", "data", "del", "dfn", "dir", "html", "head", "ins", "kbd",
        "label", "map", "mark", "meter", "noscript", "object", "output", "picture", "progress", "q", "rp",
        "rt", "ruby", "samp", "script", "span", "style", "sub", "sup", "svg", "tbody", "thead", "time",
        "var", "template",
    ];
    is_void(name) || is_block(name) || is_formatting(name) || INLINE.contains(&name) || name.contains(':')
}

/// Attributes that hold addresses, numbers or names for programs: no words of a sentence.
pub(super) fn is_technical(attribute: &str) -> bool {
    const TECHNICAL: [&str; 40] = [
        "style",
        "class",
        "id",
        "href",
        "src",
        "srcset",
        "sizes",
        "width",
        "height",
        "align",
        "valign",
        "border",
        "cellpadding",
        "cellspacing",
        "bgcolor",
        "background",
        "color",
        "face",
        "size",
        "type",
        "rel",
        "target",
        "media",
        "d",
        "points",
        "viewbox",
        "transform",
        "fill",
        "stroke",
        "xmlns",
        "role",
        "lang",
        "dir",
        "action",
        "method",
        "charset",
        "http-equiv",
        "name",
        "for",
        "accept",
    ];
    TECHNICAL.contains(&attribute) || attribute.starts_with("xmlns") || attribute.starts_with("on")
}
