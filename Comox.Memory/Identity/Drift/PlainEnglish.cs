namespace Comox.Memory.Identity.Drift;

/// <summary>
/// A little of everything that is written in English: talk, a letter, an explanation, a story, instructions, a report. What is as usual here as in a
/// character's lines says nothing about the character.
/// </summary>
internal static class PlainEnglish
{
    public const string Text =
        """
        I went into town this morning because the car needed new tires, and while they were working on it I walked over to the market and bought
        some apples. The man there told me that it had been a bad year for pears. When I came back the garage had called my sister instead of me, so
        nobody knew where I was. We had a good laugh about it later.
        There is a meeting on Tuesday at three. Could you please bring the figures from last month, and tell Anna that the room has changed? I think
        we should talk about the budget first, then about the new office. If there are any problems with that, I would like to hear about them
        before Friday.
        A volcano is an opening in the surface of a planet through which hot rock, ash and gas escape. Most of them are found where large plates of
        the crust move apart or come together. Scientists study the gases and the small earthquakes that often occur before an eruption, in order to
        warn the people who live nearby. In general, the risk depends on the type of rock and on the amount of water that it contains.
        She closed the door behind her and stood for a moment in the dark hall. Somewhere above, a clock was ticking. He had said that he would
        wait, but his coat was gone from the hook, and the house felt colder than before. Her hand moved along the wall until it found the switch.
        "Is anyone there?" she called, and her own voice came back to her from the stairs.
        To change your password, open the settings and choose your account. Enter the old password, then type the new one twice. It should contain
        at least eight characters. You will receive a message that confirms the change. Our team is available on weekdays and will answer as soon as
        possible. Thank you for using our service.
        Oh, come on, it's not that bad! You just have to wait until the rain stops and then we can go. I don't know why you're so worried about it.
        Last year we did the same thing and everybody loved it. Do you want something to eat first? I've got bread and cheese, and there's some soup
        left from yesterday.
        The committee considered several proposals for the development of the region. Although the costs were higher than expected, the members
        agreed that the benefits for local communities would be significant. Further information about the process, including the effects on traffic
        and on the environment, will be published after the next election.
        """;
}
