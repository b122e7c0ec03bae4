// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.24;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// A pool by its tokens, in the pool's order, and its fee, and a range of its ticks. The roots of the
/// prices at those ticks, times 2**96, come with them, so that no tick has to be raised to a price here.
/// Wrong roots make a position of another size, and never one that costs more than its caller allows.
struct Range {
    address token0;
    address token1;
    uint24 fee;
    int24 lower;
    int24 upper;
    uint160 sqrtLower;
    uint160 sqrtUpper;
}

interface PoolFactory {
    function getPool(address token0, address token1, uint24 fee) external view returns (address);
}

interface ConcentratedPool {
    function slot0()
        external
        view
        returns (
            uint160 sqrtPrice,
            int24 tick,
            uint16 observationIndex,
            uint16 observationCardinality,
            uint16 observationCardinalityNext,
            uint8 feeProtocol,
            bool unlocked
        );

    function mint(address recipient, int24 lower, int24 upper, uint128 liquidity, bytes calldata data)
        external
        returns (uint256 amount0, uint256 amount1);
}

interface PaidToken {
    function transferFrom(address payer, address recipient, uint256 amount) external returns (bool);
}

/// Mints liquidity of a Uniswap V3 pool for its caller, who owns the position in the pool itself and pays
/// for it out of an allowance to this contract. It keeps nothing, owns nothing, and holds nothing between
/// calls. An allowance to it can be spent by its giver's own calls alone.
contract RangeMinter {
    /// The call is mined after its deadline.
    error Late(uint256 timestamp, uint256 deadline);
    /// The factory has no pool of these tokens, in this order, and this fee.
    error NoPool();
    /// The amounts buy liquidity that 128 bits do not hold, as any amount does for a range without width.
    error Overflow();
    /// The amounts buy less liquidity than the caller accepts.
    error TooLittle(uint128 liquidity, uint128 least);
    /// Something that is not the factory's pool asks to be paid.
    error NotAPool(address caller);
    /// The pool asks for more of a token than the caller pays: the roots are not those of the ticks.
    error TooMuch(uint256 owed, uint256 most);
    /// A token has no code, reverts, or answers anything but nothing or true.
    error PaymentFailed(address token);

    /// What is handed to the pool and comes back with its bill.
    struct Payment {
        address payer;
        address token0;
        address token1;
        uint24 fee;
        uint256 most0;
        uint256 most1;
    }

    /// The factory whose word it is which contracts are pools.
    address public immutable factory;

    /// The root of a price counts in units of 2**-96.
    uint256 private constant ONE = 2 ** 96;

    // A factory that is none has no pools, and then nothing can be minted.
    // slither-disable-next-line missing-zero-check
    constructor(address factory_) {
        factory = factory_;
    }

    /// Mints as much liquidity in a range as `most0` and `most1` of the pool's tokens buy at its price, and
    /// returns it with what it cost. Reverts if that is below `least`, or if the pool refuses.
    ///
    /// The price is read when the transaction is mined, and others can move it before: `least` is what
    /// bounds that. Inside a swap, mint or burn of the same pool, where its price need not fit its
    /// balances, the pool is locked, and the mint reverts. A token that calls back while it is transferred
    /// finds the pool locked and this contract with nothing to take.
    function mint(Range calldata range, uint256 most0, uint256 most1, uint128 least, uint256 deadline)
        external
        returns (uint128 liquidity, uint256 amount0, uint256 amount1)
    {
        // A miner can shift the timestamp by seconds, and a deadline is minutes away.
        // slither-disable-next-line timestamp
        if (block.timestamp > deadline) revert Late(block.timestamp, deadline);
        address pool = _pool(range.token0, range.token1, range.fee);
        if (pool == address(0)) revert NoPool();
        liquidity = _liquidity(_sqrtPrice(pool), range.sqrtLower, range.sqrtUpper, most0, most1);
        if (liquidity < least) revert TooLittle(liquidity, least);
        bytes memory data = abi.encode(Payment(msg.sender, range.token0, range.token1, range.fee, most0, most1));
        (amount0, amount1) = ConcentratedPool(pool).mint(msg.sender, range.lower, range.upper, liquidity, data);
    }

    /// Pays a pool for the liquidity that it is about to add.
    ///
    /// A genuine pool bills its own caller, with the data that this caller gave it. So a bill from one
    /// belongs to a mint that began above, and its payer is who began that: nobody else's word is taken
    /// for whose tokens move.
    function uniswapV3MintCallback(uint256 owed0, uint256 owed1, bytes calldata data) external {
        Payment memory payment = abi.decode(data, (Payment));
        address pool = _pool(payment.token0, payment.token1, payment.fee);
        // Nobody can send from zero, which is what stands for no pool; a call that is only tried can.
        if (msg.sender != pool || pool == address(0)) revert NotAPool(msg.sender);
        if (owed0 > payment.most0) revert TooMuch(owed0, payment.most0);
        if (owed1 > payment.most1) revert TooMuch(owed1, payment.most1);
        _pay(payment.token0, payment.payer, owed0);
        _pay(payment.token1, payment.payer, owed1);
    }

    /// The factory's pool, or zero. A factory also knows its pools by their tokens exchanged; here they
    /// are not found, since every amount would be taken for that of the other token.
    function _pool(address token0, address token1, uint24 fee) private view returns (address) {
        return token0 < token1 ? PoolFactory(factory).getPool(token0, token1, fee) : address(0);
    }

    function _sqrtPrice(address pool) private view returns (uint160 sqrtPrice) {
        // slither-disable-next-line unused-return
        (sqrtPrice,,,,,,) = ConcentratedPool(pool).slot0();
    }

    /// Whole token transfers only: no bill, no transfer, since some tokens refuse one of nothing. What a
    /// token takes in fees is missing in the pool, which reverts then.
    function _pay(address token, address payer, uint256 owed) private {
        if (owed == 0) return;
        bytes memory order = abi.encodeCall(PaidToken.transferFrom, (payer, msg.sender, owed));
        // A compiled call would refuse tokens that answer nothing, of which there are great ones.
        // slither-disable-next-line low-level-calls
        (bool paid, bytes memory answer) = token.call(order);
        if (!paid || !_isConsent(token, answer)) revert PaymentFailed(token);
    }

    /// Whether an answer is nothing, from a contract, or true. A call succeeds where no contract is, too.
    function _isConsent(address token, bytes memory answer) private view returns (bool) {
        if (answer.length == 0) return token.code.length > 0;
        return answer.length >= 32 && abi.decode(answer, (uint256)) == 1;
    }

    /// The liquidity between two prices that both amounts suffice for, rounded down, at the pool's price;
    /// all prices are roots. Below the range all of it is token0, above it all of it is token1.
    /// Equal to `LiquidityAmounts.getLiquidityForAmounts` of Uniswap's periphery (whitepaper of Uniswap
    /// V3, equations 6.29 and 6.30, solved for the liquidity), where that does not revert.
    function _liquidity(uint160 price, uint160 one, uint160 other, uint256 most0, uint256 most1)
        private
        pure
        returns (uint128)
    {
        (uint160 lower, uint160 upper) = one < other ? (one, other) : (other, one);
        if (price <= lower) return _liquidityOf0(lower, upper, most0);
        if (price >= upper) return _liquidityOf1(lower, upper, most1);
        uint128 of0 = _liquidityOf0(price, upper, most0);
        uint128 of1 = _liquidityOf1(lower, price, most1);
        return of0 < of1 ? of0 : of1;
    }

    /// The product of the roots is rounded to the unit of a root before the amount is multiplied with it,
    /// as Uniswap rounds it.
    function _liquidityOf0(uint160 lower, uint160 upper, uint256 amount) private pure returns (uint128) {
        return _ratio(amount, Math.mulDiv(lower, upper, ONE), upper - lower);
    }

    function _liquidityOf1(uint160 lower, uint160 upper, uint256 amount) private pure returns (uint128) {
        return _ratio(amount, ONE, upper - lower);
    }

    /// `amount * numerator / denominator`, rounded down.
    function _ratio(uint256 amount, uint256 numerator, uint256 denominator) private pure returns (uint128) {
        // slither-disable-next-line unused-return
        (uint256 high,) = Math.mul512(amount, numerator);
        if (high >= denominator) revert Overflow();
        uint256 ratio = Math.mulDiv(amount, numerator, denominator);
        if (ratio > type(uint128).max) revert Overflow();
        return uint128(ratio);
    }
}
