// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {Range, RangeMinter} from "../RangeMinter.sol";
import {Coin, Factory, Habit, Pool, PositionManager, Real, Ticks} from "./Exchange.sol";
import {vm} from "./Vm.sol";

/// What is minted, what it costs and what is refused, on the real pool and beside the real position
/// manager. Run by forge.
contract RangeMinterTest {
    uint24 private constant FEE = 3000;
    /// The manager mints in pools of this fee, so that neither minting stands in the other's way.
    uint24 private constant OTHER_FEE = 3001;
    int24 private constant SPACING = 60;
    uint160 private constant PARITY = 2 ** 96;
    uint256 private constant DEADLINE = 1_000_000;
    uint256 private constant RICHES = 2 ** 254;
    uint256 private constant PLENTY = 2 ** 100;

    Factory private _factory;
    PositionManager private _manager;
    RangeMinter private _minter;
    Coin private _coin0;
    Coin private _coin1;
    Pool private _pool;
    Pool private _other;

    function setUp() public {
        vm.warp(DEADLINE);
        _factory = Real.factory();
        _factory.enableFeeAmount(OTHER_FEE, SPACING);
        _manager = Real.positionManager(_factory);
        _minter = new RangeMinter(address(_factory));
        (Coin one, Coin other) = (new Coin(), new Coin());
        (_coin0, _coin1) = address(one) < address(other) ? (one, other) : (other, one);
        _pool = Pool(_factory.createPool(address(_coin0), address(_coin1), FEE));
        _other = Pool(_factory.createPool(address(_coin0), address(_coin1), OTHER_FEE));
        _endow(address(this));
        _coin0.approve(address(_manager), RICHES);
        _coin1.approve(address(_manager), RICHES);
    }

    // ------------------------------------------------------------------------- what is minted

    function testFuzz_mint__anyPriceRangeAndAmounts__asThePositionManager(
        uint256 price,
        uint256 low,
        uint256 high,
        uint256 most0,
        uint256 most1,
        uint16 shifts
    ) public {
        Range memory range = _anyRange(low, high);
        // A third of the prices each: at an end of the range, near it, anywhere.
        if (price % 6 == 0) price = range.sqrtLower;
        else if (price % 6 == 1) price = range.sqrtUpper;
        else if (price % 6 == 2) price = range.sqrtLower + (price >> 3) % (range.sqrtUpper - range.sqrtLower);
        else price = Ticks.MIN_PRICE + (price >> 3) % (Ticks.MAX_PRICE - Ticks.MIN_PRICE);
        if (price == Ticks.MAX_PRICE) price -= 1;
        _compare(uint160(price), range, most0 >> (shifts & 255), most1 >> (shifts >> 8));
    }

    function testFuzz_mint__usualAmountsInRange__asThePositionManager(
        uint256 tick,
        uint256 below,
        uint256 above,
        uint80 most0,
        uint80 most1
    ) public {
        int24 at = int24(int256(tick % 100_000)) - 50_000;
        Range memory range = _range(at - 1 - int24(int256(below % 20_000)), at + 1 + int24(int256(above % 20_000)));
        assert(_compare(Ticks.sqrtPrice(at), range, uint256(most0) + 10 ** 9, uint256(most1) + 10 ** 9));
    }

    /// So low that the product of two roots is a small number, whose rounding shows in the liquidity.
    function test_mint__rootsWithASmallProduct__asThePositionManager() public {
        assert(_compare(Ticks.sqrtPrice(-600_000), _range(-599_940, -590_040), 10 ** 24, 0));
    }

    function test_mint__priceAtAnEndOfTheRange__takesOneTokenOnly() public {
        Range memory range = _range(-600, 600);
        _pool.initialize(range.sqrtLower);
        (uint128 liquidity, uint256 amount0, uint256 amount1) = _minter.mint(range, 10 ** 18, 0, 1, DEADLINE);
        assert(liquidity > 0 && amount0 > 0 && amount0 <= 10 ** 18 && amount1 == 0);
    }

    function test_mint__priceAtTheUpperEnd__takesTheOtherTokenOnly() public {
        Range memory range = _range(-600, 600);
        _pool.initialize(range.sqrtUpper);
        (uint128 liquidity, uint256 amount0, uint256 amount1) = _minter.mint(range, 0, 10 ** 18, 1, DEADLINE);
        assert(liquidity > 0 && amount1 > 0 && amount1 <= 10 ** 18 && amount0 == 0);
    }

    function testFuzz_mint__rootsExchanged__asIfTheyWereNot(uint80 most0, uint80 most1) public {
        Range memory range = _range(-600, 1200);
        (range.sqrtLower, range.sqrtUpper) = (range.sqrtUpper, range.sqrtLower);
        _compare(PARITY, range, uint256(most0) + 10 ** 9, uint256(most1) + 10 ** 9);
    }

    /// The position is the caller's own, in the pool, and what another has in the same range is another's.
    function testFuzz_mint__twoCallers__eachOwnsWhatItPaidFor(uint80 ours, uint80 theirs) public {
        _pool.initialize(PARITY);
        Range memory range = _range(-600, 600);
        address stranger = address(0x57A);
        _endow(stranger);
        (uint128 first,,) = _minter.mint(range, uint256(ours) + 10 ** 9, PLENTY, 0, DEADLINE);
        vm.prank(stranger);
        (uint128 second,,) = _minter.mint(range, uint256(theirs) + 10 ** 9, PLENTY, 0, DEADLINE);
        assert(_liquidity(address(this), range) == first);
        assert(_liquidity(stranger, range) == second);
        assert(_liquidity(address(_minter), range) == 0);
        _assertHoldsNothing();
    }

    /// Whatever roots a caller tells, it pays no more than it allowed, and for what it gets.
    function testFuzz_mint__wrongRoots__neverMoreThanAllowed(
        uint160 one,
        uint160 other,
        uint160 price,
        uint128 most0,
        uint128 most1
    ) public {
        _pool.initialize(uint160(Ticks.MIN_PRICE + price % (Ticks.MAX_PRICE - Ticks.MIN_PRICE)));
        Range memory range = _range(-60_000, 60_000);
        (range.sqrtLower, range.sqrtUpper) = (one, other);
        (uint256 before0, uint256 before1) = (_coin0.balanceOf(address(this)), _coin1.balanceOf(address(this)));
        (bool passed,) = _try(range, most0, most1, 0, DEADLINE);
        uint256 paid0 = before0 - _coin0.balanceOf(address(this));
        uint256 paid1 = before1 - _coin1.balanceOf(address(this));
        assert(paid0 <= most0 && paid1 <= most1);
        assert(passed || (paid0 == 0 && paid1 == 0));
        _assertHoldsNothing();
    }

    // ------------------------------------------------------------------------- what is refused

    function testFuzz_mint__late__refused(uint256 timestamp, uint256 deadline) public {
        _pool.initialize(PARITY);
        vm.warp(timestamp % 2 ** 32);
        timestamp = timestamp % 2 ** 32;
        (bool passed, bytes memory returned) = _try(_range(-60, 60), 10 ** 9, 10 ** 9, 0, deadline);
        assert(passed == (timestamp <= deadline));
        if (!passed) _same(returned, abi.encodeWithSelector(RangeMinter.Late.selector, timestamp, deadline));
    }

    function test_mint__aSecondAroundTheDeadline__exact() public {
        _pool.initialize(PARITY);
        _refused(
            _range(-60, 60),
            9,
            9,
            0,
            DEADLINE - 1,
            abi.encodeWithSelector(RangeMinter.Late.selector, DEADLINE, DEADLINE - 1)
        );
        _minter.mint(_range(-60, 60), 10 ** 9, 10 ** 9, 0, DEADLINE);
    }

    function test_mint__noSuchPool__refused() public {
        bytes memory expected = abi.encodeWithSelector(RangeMinter.NoPool.selector);
        Range memory range = _range(-60, 60);
        range.fee = 500;
        _refused(range, 1, 1, 0, DEADLINE, expected);
        range.fee = FEE;
        (range.token0, range.token1) = (range.token1, range.token0);
        _refused(range, 1, 1, 0, DEADLINE, expected);
        range.token0 = range.token1;
        _refused(range, 1, 1, 0, DEADLINE, expected);
    }

    function testFuzz_mint__leastAroundWhatIsBought__exact(uint80 amount) public {
        _pool.initialize(PARITY);
        uint256 most = uint256(amount) + 10 ** 9;
        Range memory range = _range(-600, 600);
        (uint128 liquidity,,) = _minter.mint(range, most, most, 0, DEADLINE);
        (uint128 again,,) = _minter.mint(range, most, most, liquidity, DEADLINE);
        assert(again == liquidity);
        bytes memory expected = abi.encodeWithSelector(RangeMinter.TooLittle.selector, liquidity, liquidity + 1);
        _refused(range, most, most, liquidity + 1, DEADLINE, expected);
    }

    /// The lower root is too near the price, so that token1 seems to buy more than it does.
    function testFuzz_mint__wrongLowerRoot__refusedFromOneUnitTooMuchOn(uint80 most) public {
        _pool.initialize(PARITY);
        Range memory range = _range(-600, 600);
        uint256 most0 = uint256(most) + 10 ** 9;
        (uint128 liquidity, uint256 owed0, uint256 owed1) = _minter.mint(range, most0, PLENTY, 0, DEADLINE);
        range.sqrtLower = Ticks.sqrtPrice(-300);
        bytes memory expected = abi.encodeWithSelector(RangeMinter.TooMuch.selector, owed1, owed1 - 1);
        _refused(range, most0, owed1 - 1, 0, DEADLINE, expected);
        (uint128 again, uint256 paid0, uint256 paid1) = _minter.mint(range, most0, owed1, 0, DEADLINE);
        assert(again == liquidity && paid0 == owed0 && paid1 == owed1);
    }

    /// The upper root is too near the price, so that token0 seems to buy more than it does.
    function testFuzz_mint__wrongUpperRoot__refusedFromOneUnitTooMuchOn(uint80 most) public {
        _pool.initialize(PARITY);
        Range memory range = _range(-600, 600);
        uint256 most1 = uint256(most) + 10 ** 9;
        (uint128 liquidity, uint256 owed0, uint256 owed1) = _minter.mint(range, PLENTY, most1, 0, DEADLINE);
        range.sqrtUpper = Ticks.sqrtPrice(300);
        bytes memory expected = abi.encodeWithSelector(RangeMinter.TooMuch.selector, owed0, owed0 - 1);
        _refused(range, owed0 - 1, most1, 0, DEADLINE, expected);
        (uint128 again, uint256 paid0, uint256 paid1) = _minter.mint(range, owed0, most1, 0, DEADLINE);
        assert(again == liquidity && paid0 == owed0 && paid1 == owed1);
    }

    function test_mint__amountsBeyond128Bits__refused() public {
        _pool.initialize(PARITY);
        bytes memory expected = abi.encodeWithSelector(RangeMinter.Overflow.selector);
        Range memory range = _range(-60, 60);
        _refused(range, type(uint256).max, 1, 0, DEADLINE, expected);
        _refused(range, 1, type(uint256).max, 0, DEADLINE, expected);
        range.sqrtUpper = range.sqrtLower;
        _refused(range, 1, 1, 0, DEADLINE, expected);
        _refused(range, 0, 0, 0, DEADLINE, expected);
    }

    /// A range one unit of a root wide above the price: each unit of token1 buys 2**96 of liquidity.
    function test_mint__around128And256Bits__exact() public {
        Range memory range = _range(-60, 60);
        (range.sqrtLower, range.sqrtUpper) = (PARITY - 1, PARITY);
        _pool.initialize(PARITY);
        bytes memory expected = abi.encodeWithSelector(RangeMinter.Overflow.selector);
        _refused(range, 0, 2 ** 32, 0, DEADLINE, expected);
        _refused(range, 0, 2 ** 160 - 1, 0, DEADLINE, expected);
        _refused(range, 0, 2 ** 160, 0, DEADLINE, expected);
        // What 128 bits hold goes on to the pool, which takes only 127.
        _refused(range, 0, 2 ** 32 - 1, uint128((2 ** 32 - 1) << 96), DEADLINE, "");
    }

    /// Between these roots each unit of token1 buys one of liquidity.
    function test_mint__mostThat128BitsHold__exact() public {
        Range memory range = _range(-60, 60);
        (range.sqrtLower, range.sqrtUpper) = (PARITY, 2 * PARITY);
        _pool.initialize(2 * PARITY);
        _refused(range, 0, type(uint128).max, type(uint128).max, DEADLINE, "");
        bytes memory expected = abi.encodeWithSelector(RangeMinter.Overflow.selector);
        _refused(range, 0, uint256(type(uint128).max) + 1, 0, DEADLINE, expected);
    }

    function test_mint__whatThePoolRefuses__refusedInItsWords() public {
        Range memory range = _range(-60, 60);
        _refused(range, 10 ** 9, 10 ** 9, 0, DEADLINE, _words("LOK")); // before its first price
        _pool.initialize(PARITY);
        _refused(range, 0, 10 ** 9, 0, DEADLINE, ""); // no liquidity
        (range.lower, range.upper) = (60, -60);
        _refused(range, 10 ** 9, 10 ** 9, 0, DEADLINE, _words("TLU"));
        (range.lower, range.upper) = (-887_280, 60);
        _refused(range, 10 ** 9, 10 ** 9, 0, DEADLINE, _words("TLM"));
        (range.lower, range.upper) = (-60, 887_280);
        _refused(range, 10 ** 9, 10 ** 9, 0, DEADLINE, _words("TUM"));
    }

    // ------------------------------------------------------------------------- tokens

    function test_pay__nothingOrTrueAnswered__paid() public {
        _pool.initialize(PARITY);
        for (uint256 i = 0; i < 3; ++i) {
            _coin0.behave([Habit.Plain, Habit.Silent, Habit.Long][i]);
            (bool passed,) = _try(_range(-60, 60), 10 ** 9, 10 ** 9, 1, DEADLINE);
            assert(passed);
        }
    }

    function test_pay__otherAnswers__refused() public {
        _pool.initialize(PARITY);
        Habit[4] memory habits = [Habit.Falsehood, Habit.Reverting, Habit.Short, Habit.Two];
        for (uint256 i = 0; i < habits.length; ++i) {
            _coin0.behave(habits[i]);
            _coin1.behave(Habit.Plain);
            _refused(_range(-60, 60), 10 ** 9, 10 ** 9, 0, DEADLINE, _failed(_coin0));
            _coin0.behave(Habit.Plain);
            _coin1.behave(habits[i]);
            _refused(_range(-60, 60), 10 ** 9, 10 ** 9, 0, DEADLINE, _failed(_coin1));
        }
    }

    function test_pay__nothingOwed__tokenNotAsked() public {
        _pool.initialize(PARITY);
        _coin1.behave(Habit.Reverting);
        (bool passed,) = _try(_range(60, 120), 10 ** 9, 10 ** 9, 1, DEADLINE);
        assert(passed);
    }

    function test_pay__allowanceTooSmall__refused() public {
        _pool.initialize(PARITY);
        _coin1.approve(address(_minter), 1000);
        _refused(_range(-60, 60), 10 ** 9, 10 ** 9, 0, DEADLINE, _failed(_coin1));
    }

    function test_pay__feeOnTransfer__refusedByThePool() public {
        _pool.initialize(PARITY);
        _coin0.behave(Habit.Feeing);
        _refused(_range(-60, 60), 10 ** 9, 10 ** 9, 0, DEADLINE, _words("M0"));
    }

    // ------------------------------------------------------------------------- attacks

    function testFuzz_attack__stranger__cannotBill(address stranger, uint256 owed0, uint256 owed1, uint24 fee) public {
        vm.assume(stranger != address(_pool) && stranger != address(_other));
        bytes memory expected = abi.encodeWithSelector(RangeMinter.NotAPool.selector, stranger);
        _refusedBill(stranger, owed0, owed1, FEE, expected);
        _refusedBill(stranger, owed0, owed1, fee, expected);
        _refusedBill(stranger, 0, 0, FEE, expected);
    }

    /// Where the factory has no pool it answers zero, and zero is no pool.
    function test_attack__zeroAddress__cannotBill() public {
        bytes memory expected = abi.encodeWithSelector(RangeMinter.NotAPool.selector, address(0));
        _refusedBill(address(0), 1, 1, FEE, expected);
        _refusedBill(address(0), 0, 0, 500, expected);
    }

    /// One pool cannot bill for another.
    function test_attack__poolOfAnotherFee__cannotBill() public {
        _refusedBill(address(_other), 1, 1, FEE, abi.encodeWithSelector(RangeMinter.NotAPool.selector, address(_other)));
    }

    function testFuzz_attack__dataThatIsNone__refused(bytes calldata data) public {
        vm.assume(data.length < 192);
        vm.prank(address(_pool));
        (bool passed,) = address(_minter).call(abi.encodeCall(RangeMinter.uniswapV3MintCallback, (1, 1, data)));
        assert(!passed);
    }

    /// Who mints at the pool directly is billed itself, and cannot pass its bill on.
    function test_attack__billPassedOn__refused() public {
        _pool.initialize(PARITY);
        PassingOn thief = new PassingOn(_minter);
        bytes memory data = _payment(address(this), FEE);
        (bool passed, bytes memory returned) = address(thief).call(abi.encodeCall(PassingOn.mint, (_pool, data)));
        assert(!passed);
        _same(returned, abi.encodeWithSelector(RangeMinter.NotAPool.selector, address(thief)));
    }

    /// Inside a swap the price of a pool is not yet paid for.
    function test_attack__insideASwap__refused() public {
        _pool.initialize(PARITY);
        _minter.mint(_range(-600, 600), 10 ** 18, 10 ** 18, 1, DEADLINE);
        PassingOn thief = new PassingOn(_minter);
        _endow(address(thief));
        bytes memory call = abi.encodeCall(RangeMinter.mint, (_range(-60, 60), 10 ** 9, 10 ** 9, 0, DEADLINE));
        _same(thief.swap(_pool, call), _words("LOK"));
    }

    /// A token that is called to pay finds the pool locked, and itself no pool.
    function test_attack__tokenThatCallsBack__findsNothingToTake() public {
        _pool.initialize(PARITY);
        bytes memory call = abi.encodeCall(RangeMinter.mint, (_range(-60, 60), 10 ** 9, 10 ** 9, 0, DEADLINE));
        _coin0.behave(address(_minter), call);
        (bool passed,) = _try(_range(-60, 60), 10 ** 9, 10 ** 9, 1, DEADLINE);
        assert(passed);
        _same(_coin0.answer(), _words("LOK"));
        call = abi.encodeCall(RangeMinter.uniswapV3MintCallback, (1, 1, _payment(address(this), FEE)));
        _coin0.behave(address(_minter), call);
        (passed,) = _try(_range(-60, 60), 10 ** 9, 10 ** 9, 1, DEADLINE);
        assert(passed);
        _same(_coin0.answer(), abi.encodeWithSelector(RangeMinter.NotAPool.selector, address(_coin0)));
    }

    // ------------------------------------------------------------------------- what it is not

    function test_mint__value__refused() public {
        _pool.initialize(PARITY);
        assert(address(this).balance >= 1);
        bytes memory call = abi.encodeCall(RangeMinter.mint, (_range(-60, 60), 10 ** 9, 10 ** 9, 0, DEADLINE));
        (bool passed,) = address(_minter).call{value: 1}(call);
        assert(!passed);
        (passed,) = address(_minter).call{value: 1}("");
        assert(!passed);
    }

    function testFuzz_call__otherData__refused(bytes calldata data) public {
        bytes4 called = bytes4(data);
        vm.assume(data.length < 4 || (called != RangeMinter.mint.selector && called != _minter.factory.selector));
        (bool passed,) = address(_minter).call(data);
        assert(!passed);
    }

    // ------------------------------------------------------------------------- the stage

    function _endow(address account) private {
        _coin0.give(account, RICHES);
        _coin1.give(account, RICHES);
        vm.prank(account);
        _coin0.approve(address(_minter), RICHES);
        vm.prank(account);
        _coin1.approve(address(_minter), RICHES);
    }

    function _range(int24 lower, int24 upper) private view returns (Range memory) {
        lower -= (lower % SPACING + SPACING) % SPACING;
        upper += (SPACING - upper % SPACING) % SPACING;
        return
            Range(address(_coin0), address(_coin1), FEE, lower, upper, Ticks.sqrtPrice(lower), Ticks.sqrtPrice(upper));
    }

    function _anyRange(uint256 low, uint256 high) private view returns (Range memory) {
        int24 steps = Ticks.MOST / SPACING;
        int24 lower = -steps + int24(int256(low % uint256(int256(2 * steps))));
        int24 upper = lower + 1 + int24(int256(high % uint256(int256(steps - lower))));
        return _range(lower * SPACING, upper * SPACING);
    }

    /// Mints by the position manager in its pool and by ours in the other, at one price: what is minted,
    /// what it costs and what is refused are the same.
    function _compare(uint160 price, Range memory range, uint256 most0, uint256 most1) private returns (bool) {
        _pool.initialize(price);
        _other.initialize(price);
        (bool expected, bytes memory told) = _byTheManager(range, most0, most1);
        uint256 before0 = _coin0.balanceOf(address(this));
        uint256 before1 = _coin1.balanceOf(address(this));
        (bool passed, bytes memory returned) = _try(range, most0, most1, 0, DEADLINE);
        assert(passed == expected);
        uint256 paid0 = before0 - _coin0.balanceOf(address(this));
        uint256 paid1 = before1 - _coin1.balanceOf(address(this));
        assert(paid0 <= most0 && paid1 <= most1);
        if (passed) _same(returned, abi.encode(_liquidity(address(this), range), paid0, paid1));
        _compareAnswers(passed, told, returned);
        _assertHoldsNothing();
        return passed;
    }

    function _byTheManager(Range memory range, uint256 most0, uint256 most1) private returns (bool, bytes memory) {
        PositionManager.Minting memory minting;
        (minting.token0, minting.token1, minting.fee) = (range.token0, range.token1, OTHER_FEE);
        (minting.lower, minting.upper) = (range.lower, range.upper);
        (minting.desired0, minting.desired1) = (most0, most1);
        (minting.recipient, minting.deadline) = (address(this), DEADLINE);
        return address(_manager).call(abi.encodeCall(PositionManager.mint, (minting)));
    }

    /// The manager tells no reason where an amount does not fit, and its own where a payment fails.
    function _compareAnswers(bool passed, bytes memory told, bytes memory returned) private pure {
        bytes4 error = bytes4(returned);
        if (passed) {
            (, uint128 liquidity, uint256 owed0, uint256 owed1) = abi.decode(told, (uint256, uint128, uint256, uint256));
            _same(returned, abi.encode(liquidity, owed0, owed1));
        } else if (told.length == 0) {
            assert(returned.length == 0 || error == RangeMinter.Overflow.selector);
        } else if (keccak256(told) == keccak256(_words("STF"))) {
            assert(error == RangeMinter.PaymentFailed.selector);
        } else {
            _same(returned, told);
        }
    }

    function _try(Range memory range, uint256 most0, uint256 most1, uint128 least, uint256 deadline)
        private
        returns (bool, bytes memory)
    {
        return address(_minter).call(abi.encodeCall(RangeMinter.mint, (range, most0, most1, least, deadline)));
    }

    function _liquidity(address owner, Range memory range) private view returns (uint128 liquidity) {
        (liquidity,,,,) = _pool.positions(keccak256(abi.encodePacked(owner, range.lower, range.upper)));
    }

    function _payment(address payer, uint24 fee) private view returns (bytes memory) {
        return abi.encode(payer, address(_coin0), address(_coin1), fee, RICHES, RICHES);
    }

    // ------------------------------------------------------------------------- expectations

    function _refused(
        Range memory range,
        uint256 most0,
        uint256 most1,
        uint128 least,
        uint256 deadline,
        bytes memory expected
    ) private {
        (bool passed, bytes memory returned) = _try(range, most0, most1, least, deadline);
        assert(!passed);
        _same(returned, expected);
    }

    function _refusedBill(address caller, uint256 owed0, uint256 owed1, uint24 fee, bytes memory expected) private {
        bytes memory data = _payment(address(this), fee);
        vm.prank(caller);
        (bool passed, bytes memory returned) =
            address(_minter).call(abi.encodeCall(RangeMinter.uniswapV3MintCallback, (owed0, owed1, data)));
        assert(!passed);
        _same(returned, expected);
    }

    function _assertHoldsNothing() private view {
        assert(_coin0.balanceOf(address(_minter)) == 0 && _coin1.balanceOf(address(_minter)) == 0);
    }

    function _failed(Coin coin) private pure returns (bytes memory) {
        return abi.encodeWithSelector(RangeMinter.PaymentFailed.selector, address(coin));
    }

    function _words(string memory words) private pure returns (bytes memory) {
        return abi.encodeWithSignature("Error(string)", words);
    }

    function _same(bytes memory returned, bytes memory expected) private pure {
        assert(keccak256(returned) == keccak256(expected));
    }
}

/// Passes what a pool asks of it on to the minter.
contract PassingOn {
    RangeMinter private _minter;
    bytes private _call;
    bytes private _answer;

    constructor(RangeMinter minter) {
        _minter = minter;
    }

    function mint(Pool pool, bytes calldata data) external {
        pool.mint(address(this), -60, 60, 10 ** 9, data);
    }

    /// What the minter answers while a swap is under way.
    function swap(Pool pool, bytes calldata call) external returns (bytes memory) {
        _call = call;
        pool.swap(address(this), true, 10 ** 9, Ticks.MIN_PRICE + 1, abi.encode(_token0(pool)));
        return _answer;
    }

    function uniswapV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata data) external {
        _minter.uniswapV3MintCallback(owed0, owed1, data);
    }

    function uniswapV3SwapCallback(int256 owed0, int256, bytes calldata data) external {
        (, _answer) = address(_minter).call(_call);
        Coin(abi.decode(data, (address))).transfer(msg.sender, uint256(owed0));
    }

    function _token0(Pool pool) private view returns (address) {
        (, bytes memory answer) = address(pool).staticcall(abi.encodeWithSignature("token0()"));
        return abi.decode(answer, (address));
    }
}
